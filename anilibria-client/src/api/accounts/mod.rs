//! The account of whoever is logged in, and the ways to log in.

pub mod auth;
pub mod collections;
pub mod favorites;
pub mod otp;
pub mod profile;
pub mod views;

/// How many entries of a list go into one write. The service tells no limit; this keeps a request small.
const BATCH: usize = 100;
