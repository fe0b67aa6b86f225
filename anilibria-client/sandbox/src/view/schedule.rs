//! Rendering of the schedule.

use serde_json::{Value, json};

use super::{View, with};
use crate::catalog::Release;

impl View<'_> {
    /// Renders a release in production, with the episode of this week if it is published.
    pub(crate) fn scheduled(&self, release: &Release) -> Value {
        let published = release.latest_episode().filter(|_| self.catalog.is_published_this_week(release));
        let last = release.next_ordinal_tenths() / 10 - 1;
        let is_complete = release.episodes_total.is_some_and(|total| last >= total);
        let fields = json!({
            "full_season_is_released": is_complete,
            "next_release_episode_number": (!is_complete).then_some(last + 1),
        });
        let parts = [
            ("release", self.release_with_genres(release)),
            ("published_release_episode", published.map(|place| self.episode(release, place)).into()),
        ];
        with(fields, parts)
    }
}
