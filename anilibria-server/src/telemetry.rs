//! Telemetry: logs, metrics and traces for operators.

pub(crate) mod database;
mod inventory;
mod leader;
pub mod logging;
mod naming;
mod process;
mod recorder;
mod traces;

pub use self::{
    inventory::METRICS,
    leader::report_leader,
    process::Process,
    recorder::{Metrics, Tidying},
    traces::Traces,
};
