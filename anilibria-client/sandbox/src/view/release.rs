//! Rendering of releases: the summary, and the additional parts of each view.

use serde_json::{Value, json};

use super::image::plain_image;
use super::summary;
use super::team::members;
use super::torrent::nested_torrents;
use super::{View, with};
use crate::catalog::{Release, team};
use crate::projection::Projection;
use crate::random::{self, random};

impl View<'_> {
    /// Renders a release of the catalog, with its genres.
    pub(crate) fn release_with_genres(&self, release: &Release) -> Value {
        with(summary::release(release), [("genres", self.genres_of(release))])
    }

    /// Renders a release of the latest ones, with its genres and its last episode.
    pub(crate) fn latest_release(&self, release: &Release) -> Value {
        let episode = release.latest_episode().map(|place| self.episode(release, place));
        with(self.release_with_genres(release), [("latest_episode", episode.into())])
    }

    /// Renders a release with all parts. Large parts are rendered only if `projection` selects them.
    pub(crate) fn release_details(&self, release: &Release, projection: &Projection) -> Value {
        let parts: [(_, &dyn Fn() -> Value); 6] = [
            ("genres", &|| self.genres_of(release)),
            ("members", &|| members(release)),
            ("sponsors", &|| sponsors(release)),
            ("episodes", &|| self.episodes(release)),
            ("torrents", &|| nested_torrents(release)),
            ("background_covers", &|| background_covers(release)),
        ];
        let shown = parts.into_iter().filter(|(name, _)| projection.wants(name));
        with(summary::release(release), shown.map(|(name, render)| (name, render())))
    }

    /// Renders a release on a list of the account, with its genres and its episodes.
    pub(crate) fn listed_release(&self, release: &Release, projection: &Projection) -> Value {
        let parts: [(_, &dyn Fn() -> Value); 2] =
            [("genres", &|| self.genres_of(release)), ("episodes", &|| self.episodes(release))];
        let shown = parts.into_iter().filter(|(name, _)| projection.wants(name));
        with(summary::release(release), shown.map(|(name, render)| (name, render())))
    }

    /// Renders the release of an episode, with all its episodes.
    pub(super) fn release_of_episode(&self, release: &Release) -> Value {
        with(summary::release(release), [("episodes", self.episodes(release))])
    }
}

fn sponsors(release: &Release) -> Value {
    let sponsors = team::sponsors(release);
    sponsors
        .iter()
        .map(|sponsor| {
            json!({
                "id": sponsor.id,
                "title": format!("Спонсор №{}", sponsor.number),
                "description": "Поддержал озвучку этого релиза",
                "url_title": "Перейти на сайт",
                "url": format!("https://sponsor-{}.example/", sponsor.number),
            })
        })
        .collect()
}

fn background_covers(release: &Release) -> Value {
    let rng = &mut release.rng("background covers");
    let count = if random(rng, 40) { rng.usize(1..=3) } else { 0 };
    (0..count)
        .map(|_| {
            let names = std::array::from_fn(|_| random::file_name(rng));
            plain_image(&format!("releases/covers/{}", release.id), &names)
        })
        .collect()
}
