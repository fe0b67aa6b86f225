//! Sessions and their tokens.

use std::fmt;

use crate::random;

use super::queue::Queue;

/// Length of a token after its prefix, similar to tokens of the live service.
const TOKEN_LENGTH: usize = 180;

/// Open sessions. A new session ends the oldest one if there are a thousand.
pub(crate) struct Sessions {
    seed: u64,
    opened: u64,
    tokens: Queue<String>,
}

impl Sessions {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, opened: 0, tokens: Queue::default() }
    }

    /// Opens a session and returns its token. The sequence of tokens depends only on the seed.
    pub(crate) fn open(&mut self) -> String {
        let rng = &mut random::stream(self.seed, "token", self.opened);
        self.opened += 1;
        // Tokens of the live service are encrypted JSON in base64 and always have this prefix.
        let token: String = "eyJpdiI6I"
            .chars()
            .chain(std::iter::repeat_with(|| rng.alphanumeric()).take(TOKEN_LENGTH))
            .collect();
        self.tokens.push(token.clone());
        token
    }

    pub(crate) fn is_open(&self, token: &str) -> bool {
        self.tokens.find(|known| known == token).is_some()
    }

    /// Ends a session. Returns false if no session has this token.
    pub(crate) fn close(&mut self, token: &str) -> bool {
        self.tokens.take(|known| known == token).is_some()
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sessions").field("opened", &self.opened).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_valid_until_its_session_ends() {
        let mut sessions = Sessions::new(1);
        let token = sessions.open();
        let other = sessions.open();

        assert!(sessions.is_open(&token) && sessions.is_open(&other));
        assert!(sessions.close(&token));
        assert!(!sessions.is_open(&token) && sessions.is_open(&other));
        assert!(!sessions.close(&token));
    }

    #[test]
    fn tokens_follow_from_the_seed_and_are_hidden_in_debug_output() {
        let mut sessions = Sessions::new(1);
        let token = sessions.open();

        assert_eq!(Sessions::new(1).open(), token);
        assert_ne!(Sessions::new(2).open(), token);
        assert_ne!(sessions.open(), token);
        assert!(!format!("{sessions:?}").contains(&token));
    }
}
