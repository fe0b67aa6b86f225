//! The account of the session, and logins.

pub mod auth;
pub mod collections;
pub mod favorites;
pub mod otp;
pub mod profile;
pub mod views;

/// Maximum number of entries in one write. The service documents no limit; this one keeps requests small.
const BATCH: usize = 100;
