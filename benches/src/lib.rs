//! Load generator, child processes and statistics for the benches.

pub mod child;
pub mod load;
mod median;
pub mod process;
pub mod server;
pub mod subscriber;

pub use self::median::median;
