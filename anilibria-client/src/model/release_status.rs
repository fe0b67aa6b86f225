//! How far a release has come.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Release;

/// How far a release has come: what the service tells in two flags, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseStatus {
    /// No episode is out yet.
    Announced,
    /// Episodes come out, or the team is still working on them.
    Ongoing,
    /// All that will come is out.
    Completed,
}

impl ReleaseStatus {
    /// The status that follows from the service's two flags and from whether an episode is out.
    ///
    /// ```
    /// use anilibria_client::model::ReleaseStatus;
    ///
    /// // The original is over, the dubbing goes on.
    /// assert_eq!(ReleaseStatus::of(false, true, true), ReleaseStatus::Ongoing);
    /// ```
    pub const fn of(is_ongoing: bool, is_in_production: bool, has_episodes: bool) -> Self {
        match (is_ongoing || is_in_production, has_episodes) {
            (false, _) => Self::Completed,
            (true, false) => Self::Announced,
            (true, true) => Self::Ongoing,
        }
    }

    /// The word for it: `announced`, `ongoing`, `completed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Ongoing => "ongoing",
            Self::Completed => "completed",
        }
    }
}

impl fmt::Display for ReleaseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Release {
    /// How far it has come. Where the view tells nothing of episodes, a release that ever was fresh has one.
    pub fn status(&self) -> ReleaseStatus {
        let has_episodes = match &self.episodes {
            Some(episodes) => !episodes.is_empty(),
            None => self.latest_episode.is_some() || self.fresh_at.is_some(),
        };
        ReleaseStatus::of(self.is_ongoing, self.is_in_production, has_episodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_follows_from_flags_and_episodes() {
        let status = |text: &str| serde_json::from_str::<Release>(text).unwrap().status();

        assert_eq!(status(r#"{"id":1,"is_ongoing":true,"episodes":[]}"#), ReleaseStatus::Announced);
        assert_eq!(status(r#"{"id":1,"is_in_production":true}"#), ReleaseStatus::Announced);
        let fresh = r#"{"id":1,"is_in_production":true,"fresh_at":"2026-01-01T00:00:00+00:00"}"#;
        assert_eq!(status(fresh), ReleaseStatus::Ongoing);
        assert_eq!(status(r#"{"id":1,"episodes":[]}"#), ReleaseStatus::Completed);
    }
}
