//! Status of releases.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Release;

/// Status of a release, which follows from two flags of the service and from its episodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseStatus {
    /// No episode is published yet.
    Announced,
    /// New episodes are published, or the team still works on them.
    Ongoing,
    /// All episodes are published.
    Completed,
}

impl ReleaseStatus {
    /// Returns the status for the two flags of the service. `has_episodes` is true if an episode is published.
    ///
    /// ```
    /// use anilibria_client::model::ReleaseStatus;
    ///
    /// // The original has ended, but the team still dubs episodes.
    /// assert_eq!(ReleaseStatus::of(false, true, true), ReleaseStatus::Ongoing);
    /// ```
    pub const fn of(is_ongoing: bool, is_in_production: bool, has_episodes: bool) -> Self {
        match (is_ongoing || is_in_production, has_episodes) {
            (false, _) => Self::Completed,
            (true, false) => Self::Announced,
            (true, true) => Self::Ongoing,
        }
    }

    /// Returns the status as text: `announced`, `ongoing`, `completed`.
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
    /// Returns the status. If the view does not contain episodes, a release with a `fresh_at` counts as having one.
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
