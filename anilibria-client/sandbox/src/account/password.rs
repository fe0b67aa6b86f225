//! The password of the account, and the tokens to reset it.

use std::fmt;

use crate::random;

use super::queue::Queue;

/// Password at the start.
pub(crate) const PASSWORD: &str = "demo";

/// Password of the account.
pub(crate) struct Password {
    text: String,
    seed: u64,
    written: u64,
    /// Reset tokens that were not used yet.
    reset_tokens: Queue<String>,
}

impl Password {
    pub(super) fn new(seed: u64) -> Self {
        Self { text: PASSWORD.to_owned(), seed, written: 0, reset_tokens: Queue::default() }
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// Creates a reset token, as if it were sent by e-mail.
    pub(crate) fn create_reset_token(&mut self) {
        let rng = &mut random::stream(self.seed, "letter", self.written);
        self.written += 1;
        self.reset_tokens.push(random::hex32(rng));
    }

    /// Newest reset token that was not used yet.
    pub(crate) fn last_reset_token(&self) -> Option<&str> {
        self.reset_tokens.last().map(String::as_str)
    }

    /// Sets another password. Returns false if `token` is not a valid reset token.
    pub(crate) fn set(&mut self, token: &str, password: &str) -> bool {
        if self.reset_tokens.take(|known| known == token).is_none() {
            return false;
        }
        password.clone_into(&mut self.text);
        true
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reset_token_sets_the_password_once() {
        let mut password = Password::new(1);
        password.create_reset_token();
        let token = password.last_reset_token().unwrap().to_owned();

        assert!(password.set(&token, "new"));
        assert!(password.is("new") && !password.is("demo"));
        assert!(!password.set(&token, "newer"));
        assert!(!format!("{password:?}").contains("new"));
    }
}
