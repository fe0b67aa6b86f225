//! The password, and the letters that let one set a new one.

use std::fmt;

use crate::chance;

use super::queue::Queue;

/// The password at the start.
pub(crate) const PASSWORD: &str = "demo";

/// The password of the account.
pub(crate) struct Password {
    text: String,
    seed: u64,
    written: u64,
    /// The tokens in letters that were not used yet.
    letters: Queue<String>,
}

impl Password {
    pub(super) fn new(seed: u64) -> Self {
        Self { text: PASSWORD.to_owned(), seed, written: 0, letters: Queue::default() }
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// Writes a letter with a token to set another password.
    pub(crate) fn write_letter(&mut self) {
        let rng = &mut chance::stream(self.seed, "letter", self.written);
        self.written += 1;
        self.letters.push(chance::hex32(rng));
    }

    /// The token of the last letter that was not used.
    pub(crate) fn last_letter(&self) -> Option<&str> {
        self.letters.last().map(String::as_str)
    }

    /// Sets another password; false if no letter has this token.
    pub(crate) fn set(&mut self, token: &str, password: &str) -> bool {
        if self.letters.take(|known| known == token).is_none() {
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
    fn a_letter_sets_the_password_once() {
        let mut password = Password::new(1);
        password.write_letter();
        let token = password.last_letter().unwrap().to_owned();

        assert!(password.set(&token, "new"));
        assert!(password.is("new") && !password.is("demo"));
        assert!(!password.set(&token, "newer"));
        assert!(!format!("{password:?}").contains("new"));
    }
}
