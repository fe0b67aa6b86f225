//! Traces: which requests are traced, and the context that goes with them from service to service.

mod origin;
pub mod parent;
mod propagation;
mod root;
mod sampler;

pub use self::{
    origin::Origin,
    parent::TraceParent,
    propagation::{outbound, remote},
    root::Root,
    sampler::{Sampler, root_span},
};

/// Target of the spans that a trace begins with.
pub const ROOT: &str = "anilibria_server::traced";
