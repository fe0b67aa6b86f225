//! URL of a back end that may contain a password.

use std::{convert::Infallible, fmt, str::FromStr};

/// A URL whose password is masked in output. The URL is not validated here, because messages of a URL parser may contain the
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Returns the URL with its password.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretUrl {
    type Err = Infallible;

    fn from_str(url: &str) -> Result<Self, Infallible> {
        Ok(Self(url.trim().to_owned()))
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Returns `text` with the password of a URL masked: everything between the user name and the last `@`.
///
/// No URL parser is used: it would reject URLs with several hosts, and a malformed URL may contain a password too.
pub(super) fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let Some(at) = rest.rfind('@') else {
        return text.to_owned();
    };
    let (login, host) = rest.split_at(at);
    match login.split_once(':') {
        Some((user, _password)) => format!("{scheme}://{user}:***{host}"),
        None => text.to_owned(),
    }
}

/// Returns `text` with the passwords of all URLs in it masked.
pub(crate) fn without_passwords(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(without_password).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_all_urls_in_a_text_are_masked() {
        let text = "cannot use \"redis://:pass@one:6379\" and\nmongodb://me:word@two/site: refused";

        let shown = "cannot use \"redis://:***@one:6379\" and\nmongodb://me:***@two/site: refused";
        assert_eq!(without_passwords(text), shown);
    }

    #[test]
    fn password_is_masked_in_every_form_of_url() {
        for (url, shown) in [
            ("redis://:pass@redis:6379/0", "redis://:***@redis:6379/0"),
            ("mongodb://admin:p@ss/word@one:1,two:2/site?x=1", "mongodb://admin:***@one:1,two:2/site?x=1"),
            ("https://me:hunter2@a.example/x", "https://me:***@a.example/x"),
            ("redis://redis:6379", "redis://redis:6379"),
            ("redis://user@redis:6379", "redis://user@redis:6379"),
            ("64MiB", "64MiB"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn password_is_masked_in_display_and_debug_output() {
        let url: SecretUrl = "redis://:hunter2@redis".parse().unwrap();

        assert!(!format!("{url} {url:?}").contains("hunter2"));
        assert_eq!(url.expose(), "redis://:hunter2@redis");
    }
}
