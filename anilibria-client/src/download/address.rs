//! Addresses in error messages.

use url::Url;

/// Returns the path alone: hosts change, and queries may be personal.
pub(super) fn path_of(url: &Url) -> String {
    url.path().to_owned()
}
