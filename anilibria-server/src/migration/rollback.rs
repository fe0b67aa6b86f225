//! Monitoring of the service during the migration, with automatic rollback.
//!
//! The share of errors and the mean duration of the last minutes are exported as metrics. If one of them exceeds its limit
//! and automatic rollback is enabled, [`ROLLOUT_FEATURE`](crate::migration::flags::ROLLOUT_FEATURE) is switched off for all
//! users.

mod counters;
mod limits;
mod monitor;
mod window;

pub use self::{
    counters::{RequestCounters, Totals},
    limits::{ExceededLimit, LimitChecker, Limits},
    monitor::RollbackMonitor,
    window::{Measurement, Window},
};
