//! Addresses as errors may show them.

use url::Url;

/// The path alone: hosts change, and queries may be personal.
pub(super) fn path_of(url: &Url) -> String {
    url.path().to_owned()
}
