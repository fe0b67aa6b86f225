//! Logins through social networks. A client begins a login, the user finishes it in a browser, and the client redeems it once.

use std::fmt;

use crate::random;

use super::queue::Queue;

/// Social networks, with the URL of their login page.
pub(crate) const PROVIDERS: [(&str, &str); 4] = [
    ("vk", "https://oauth.vk.com/authorize"),
    ("google", "https://accounts.google.com/o/oauth2/auth"),
    ("patreon", "https://www.patreon.com/oauth2/authorize"),
    ("discord", "https://discord.com/api/oauth2/authorize"),
];

/// Logins that were begun but not redeemed.
pub(crate) struct Socials {
    seed: u64,
    begun: u64,
    /// State of each login, and true if the user has finished it.
    open: Queue<(String, bool)>,
}

impl Socials {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, begun: 0, open: Queue::default() }
    }

    /// Begins a login and returns its state.
    pub(crate) fn begin(&mut self) -> String {
        let rng = &mut random::stream(self.seed, "social state", self.begun);
        self.begun += 1;
        let state = random::file_name(rng);
        self.open.push((state.clone(), false));
        state
    }

    /// Finishes a login, as the user does in the browser. Returns false if no login has this state.
    pub(crate) fn finish(&mut self, state: &str) -> bool {
        match self.open.find_mut(|(known, _)| known == state) {
            Some((_, is_finished)) => {
                *is_finished = true;
                true
            }
            None => false,
        }
    }

    /// Redeems a finished login. Returns false if the login is unknown or not finished.
    pub(super) fn redeem(&mut self, state: &str) -> bool {
        self.open.take(|(known, is_finished)| known == state && *is_finished).is_some()
    }
}

impl fmt::Debug for Socials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Socials").field("begun", &self.begun).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_login_is_redeemed_once() {
        let mut socials = Socials::new(1);
        let state = socials.begin();

        assert!(!socials.redeem(&state));
        assert!(socials.finish(&state));
        assert!(socials.redeem(&state));
        assert!(!socials.redeem(&state));
        assert!(!socials.finish(&state));
    }
}
