//! `jq`, which filters JSON.

use std::path::PathBuf;

use crate::availability::{Service, find};

/// The path of the program `jq`, which the commands of a test use. `None`: see the crate page.
///
/// # Panics
///
/// If it is not installed but required.
pub fn jq() -> Option<PathBuf> {
    find(Service::Jq, &["jq"])
}
