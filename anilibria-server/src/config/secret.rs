//! A secret that tokens are signed with, and what makes one worthless.

use std::{convert::Infallible, fmt, str::FromStr};

/// Fewest bytes of a secret: as many as the digest has.
const MIN_BYTES: usize = 32;

/// Variables that hold one. They are shown masked as a whole, and an empty one is not taken for unset.
const VARIABLES: [&str; 5] = [
    "JWT_SECRET",
    "JWT_SECRET_PREVIOUS",
    "INTERNAL_JWT_SECRET",
    "INTERNAL_JWT_SECRET_PREVIOUS",
    "TORZNAB_API_KEY",
];

/// Secrets that stand in documentation and samples, for everyone to read.
const KNOWN: [&str; 3] = [
    "your-super-secret-jwt-key-change-in-production",
    "internal-service-secret-key",
    "internal-service-secret-key-change-in-production",
];

/// Whether the variable `name` holds a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    VARIABLES.contains(&name)
}

/// Whether the variable `name` holds a secret, or says in which file one is.
pub(crate) fn guards(name: &str) -> bool {
    is_secret(name.strip_suffix("_FILE").unwrap_or(name))
}

/// A secret that never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it: it guards nothing then.
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Why anybody might guess it: a continuation of "the secret …".
    pub fn weakness(&self) -> Option<&'static str> {
        // Some compose files quote the value, and the quotes become a part of it.
        let bare = self.0.trim().trim_matches(['"', '\'']);
        if self.is_empty() {
            Some("is empty")
        } else if KNOWN.contains(&bare) {
            Some("is the one from the documentation, which everybody knows")
        } else if self.0.len() < MIN_BYTES {
            Some("is shorter than 32 bytes")
        } else {
            None
        }
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weakness(text: &str) -> Option<&'static str> {
        text.parse::<Secret>().unwrap().weakness()
    }

    #[test]
    fn what_anybody_might_guess_is_weak() {
        assert_eq!(weakness(""), Some("is empty"));
        assert_eq!(weakness("  "), Some("is empty"));
        assert_eq!(weakness(&"x".repeat(31)), Some("is shorter than 32 bytes"));
        assert_eq!(weakness(&"x".repeat(32)), None);
        for known in KNOWN {
            assert!(weakness(known).unwrap().contains("documentation"), "{known}");
            assert!(weakness(&format!("\"{known}\"")).unwrap().contains("documentation"), "{known}");
        }
    }

    #[test]
    fn secret_does_not_show_itself() {
        let secret: Secret = "hunter2".parse().unwrap();

        assert_eq!(format!("{secret:?}"), "***");
    }
}
