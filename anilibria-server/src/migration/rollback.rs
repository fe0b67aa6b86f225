//! Watches whether the service still does well enough to take requests over, and says so where others look when not.
//!
//! The share of errors and the mean duration of the last minutes are shown as metrics. When one of them is over its limit,
//! and the service is told to act by itself, the feature [`ROLL_OUT`](crate::migration::flags::ROLL_OUT) is switched off for all.

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
