//! Traces: sampling of requests, and the context that is passed between services.

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

/// Target of the spans that start a trace.
pub const ROOT: &str = "anilibria_server::traced";
