//! Distributed traces: sampling of requests, and propagation of the trace context between services.

mod context;
pub mod parent;
mod propagation;
mod root_span;
mod sampler;

pub use self::{
    context::TraceContext,
    parent::TraceParent,
    propagation::{extract_context, outbound_headers},
    root_span::RootSpan,
    sampler::{Sampler, root_span},
};

/// Target of the spans that start a trace.
pub const ROOT_TARGET: &str = "anilibria_server::traced";
