//! Monitoring of the service during the migration, with automatic roll-back.
//!
//! The share of errors and the mean duration of the last minutes are exported as metrics. If one of them exceeds its limit
//! and automatic roll-back is enabled, the feature [`ROLL_OUT`](crate::migration::flags::ROLL_OUT) is switched off for all
//! users.

mod guard;
mod tally;
mod watch;
mod window;

pub use self::{
    guard::{Excess, Guard, Rules},
    tally::{Tally, Totals},
    watch::Watch,
    window::{Measured, Window},
};
