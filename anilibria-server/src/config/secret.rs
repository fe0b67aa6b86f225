//! Secrets, and the check for weak ones.

use std::{convert::Infallible, fmt, str::FromStr};

/// Minimum size of a secret in bytes: the size of the digest.
const MIN_BYTES: usize = 32;

/// Environment variables with a secret. Their values are masked completely. An empty value does not count as unset.
const SECRET_VARIABLES: [&str; 5] = [
    "JWT_SECRET",
    "JWT_SECRET_PREVIOUS",
    "INTERNAL_JWT_SECRET",
    "INTERNAL_JWT_SECRET_PREVIOUS",
    "TORZNAB_API_KEY",
];

/// Secrets from documentation and examples, which are public.
const PUBLIC: [&str; 3] = [
    "your-super-secret-jwt-key-change-in-production",
    "internal-service-secret-key",
    "internal-service-secret-key-change-in-production",
];

/// Returns true if the environment variable `name` contains a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    SECRET_VARIABLES.contains(&name)
}

/// Returns true if the environment variable `name` contains a secret, or the path of a file with a secret.
pub(crate) fn is_secret_setting(name: &str) -> bool {
    is_secret(name.strip_suffix("_FILE").unwrap_or(name))
}

/// A secret. It is masked in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Returns the secret as text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns true if the secret is empty, or consists of white space.
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Returns the reason for which the secret is weak; `None` for a strong secret. The reason continues a sentence that begins
    /// with the name of the setting.
    pub fn weakness(&self) -> Option<&'static str> {
        // In some compose files, quotes around the value become part of the value.
        let bare = self.0.trim().trim_matches(['"', '\'']);
        if self.is_empty() {
            Some("is empty")
        } else if PUBLIC.contains(&bare) {
            Some("is an example from the documentation")
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
    fn empty_short_and_documented_secrets_are_weak() {
        assert_eq!(weakness(""), Some("is empty"));
        assert_eq!(weakness("  "), Some("is empty"));
        assert_eq!(weakness(&"x".repeat(31)), Some("is shorter than 32 bytes"));
        assert_eq!(weakness(&"x".repeat(32)), None);
        for example in PUBLIC {
            assert!(weakness(example).unwrap().contains("documentation"), "{example}");
            assert!(weakness(&format!("\"{example}\"")).unwrap().contains("documentation"), "{example}");
        }
    }

    #[test]
    fn secret_is_masked_in_debug_output() {
        let secret: Secret = "hunter2".parse().unwrap();

        assert_eq!(format!("{secret:?}"), "***");
    }
}
