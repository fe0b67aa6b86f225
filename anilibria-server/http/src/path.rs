//! Rejection of paths that a proxy and the service would interpret in different ways.
//!
//! A proxy normalises a path before it chooses the backend, and may cache the response under the normalised path. The service
//! does not normalise: it matches exactly the paths of its routes. A path that would change under normalisation is rejected,
//! so that no proxy caches its response under another path.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::problem::Problem;

/// Checks that a path has no malformed percent escape, no encoded NUL, and no dot segment (`.` or `..`, plain or encoded).
///
/// # Errors
///
/// [`Problem::MalformedPath`], with the reason.
pub fn check(path: &str) -> Result<(), Problem> {
    // Most paths have neither, and need no decoding.
    if !path.contains(['%', '.']) {
        return Ok(());
    }
    let malformed = |reason| Err(Problem::MalformedPath { reason });
    if !are_escapes_complete(path) {
        return malformed("has a malformed percent escape");
    }
    let decoded: Cow<'_, [u8]> = percent_decode_str(path).into();
    if decoded.contains(&0) {
        return malformed("has an encoded NUL");
    }
    if decoded.split(|byte| *byte == b'/').any(|segment| segment == b"." || segment == b"..") {
        return malformed("has a dot segment");
    }
    Ok(())
}

/// True if two hexadecimal digits follow each percent sign.
fn are_escapes_complete(path: &str) -> bool {
    path.split('%').skip(1).all(|part| {
        let mut digits = part.bytes();
        (0..2).all(|_| digits.next().is_some_and(|digit| digit.is_ascii_hexdigit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unambiguous_path_is_accepted() {
        for path in
            ["/", "/titles/7", "/titles/%D0%BA%2Fb", "/a.b/c..d/...", "//titles", "/titles/7.", "/x%2e/y"]
        {
            assert!(check(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn path_that_a_proxy_would_normalise_is_rejected() {
        for (path, reason) in [
            ("/titles/%", "malformed percent escape"),
            ("/titles/%4", "malformed percent escape"),
            ("/titles/%zz", "malformed percent escape"),
            ("/titles/%4%41", "malformed percent escape"),
            ("/titles/%00", "encoded NUL"),
            ("/x/../titles", "dot segment"),
            ("/./titles", "dot segment"),
            ("/titles/..", "dot segment"),
            ("/titles/%2e%2E/x", "dot segment"),
            ("/titles/..%2fx", "dot segment"),
        ] {
            let problem = check(path).unwrap_err().to_string();

            assert!(problem.contains(reason), "{path}: {problem}");
        }
    }
}
