//! Telemetry: logs, metrics and traces for operators.

pub(crate) mod database;
mod leader;
pub mod logging;
mod metrics;
mod process;
mod recorder;
mod renaming_recorder;
mod traces;

pub use self::{
    leader::report_leader,
    metrics::METRICS,
    process::Process,
    recorder::{Metrics, MetricsUpkeep},
    traces::Traces,
};
