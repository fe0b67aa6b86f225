//! The move of the site from its Node service to this one: comparison, feature flags, roll-out and roll-back.

pub mod compare;
pub mod flags;
pub mod rollback;
