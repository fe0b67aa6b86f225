//! The program `jq`, a filter for JSON.

use std::path::PathBuf;

use crate::availability::{Service, find};

/// Returns the path of the program `jq`. `None` if it is not installed, see the crate page.
///
/// # Panics
///
/// If `jq` is required but not installed.
pub fn jq() -> Option<PathBuf> {
    find(Service::Jq, &["jq"])
}
