//! The known state of a title before a change.

use std::sync::Arc;

use anilibria_client::{
    model::{Quality, Release},
    reflector::{Catalog, CatalogEntry},
    v3::{
        Mapping,
        model::{Episode, Playlist, Title},
        release_of,
    },
};

use crate::description;

/// State of a title before it changed.
#[derive(Clone, Debug)]
pub(super) enum Snapshot {
    /// The complete title, as last published.
    Published(Arc<Title>),
    /// The title in the local catalog, which has no stream addresses.
    Catalog(Box<CatalogSnapshot>),
}

/// A title as it was in the local catalog.
#[derive(Clone, Debug)]
pub(super) struct CatalogSnapshot {
    title: Title,
    /// Numbers of the episodes in order, and the qualities of each; `None` if the episodes were never read.
    episodes: Option<Vec<(f64, Vec<Quality>)>>,
}

impl CatalogSnapshot {
    /// Creates the title from `entry` of `catalog`.
    pub(super) fn of(catalog: &Catalog, entry: &CatalogEntry) -> Self {
        let release: Release = release_of(catalog, entry);
        let mut title = Mapping::new(&release).title();
        description::expand(&mut title);
        let episodes = entry.episodes.as_ref().map(|episodes| {
            let qualities = |one: &anilibria_client::reflector::EpisodeEntry| one.qualities().collect();
            episodes.iter().map(|one| (one.ordinal().get(), qualities(one))).collect()
        });
        Self { title, episodes }
    }

    /// Returns the title without its episodes.
    pub(super) fn title(&self) -> &Title {
        &self.title
    }

    /// Returns the previous title. Fields that the local catalog does not have are taken from `now`, so that they count
    /// as unchanged.
    pub(super) fn fill_from(&self, now: &Title) -> Title {
        let mut title = self.title.clone();
        title.franchises.clone_from(&now.franchises);
        title.player.host.clone_from(&now.player.host);
        title.player.is_rutube = now.player.is_rutube;
        title.player.rutube = now.player.rutube.clone();
        let Some(episodes) = &self.episodes else {
            title.player = now.player.clone();
            return title;
        };
        let was_there = |episode: &Episode| {
            let number = episode.episode.get();
            let (_, qualities) = episodes.iter().find(|(other, _)| other.total_cmp(&number).is_eq())?;
            (!qualities.is_empty()).then(|| with_streams(episode, qualities))
        };
        title.player.list = Playlist::new(now.player.list.as_slice().iter().filter_map(was_there));
        title
    }
}

/// Returns the episode with streams of these qualities only.
fn with_streams(episode: &Episode, qualities: &[Quality]) -> Episode {
    let mut before = episode.clone();
    let hls = &mut before.hls;
    for (quality, path) in
        [(Quality::FullHd, &mut hls.fhd), (Quality::Hd, &mut hls.hd), (Quality::Sd, &mut hls.sd)]
    {
        if !qualities.contains(&quality) {
            *path = None;
        }
    }
    before
}

impl Snapshot {
    /// True if every field is known to be the previous one.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self, Self::Published(_))
    }

    /// Returns the previous title. Unknown fields are taken from `now`.
    pub(super) fn fill_from(&self, now: &Title) -> Arc<Title> {
        match self {
            Self::Published(title) => Arc::clone(title),
            Self::Catalog(catalog) => Arc::new(catalog.fill_from(now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn qualities_are_missing_if_the_catalog_did_not_have_them() {
        let release = |extra: serde_json::Value| -> Release {
            let mut episode = json!({
                "id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": 1, "hls_480": "https://a.example/480.m3u8",
            });
            episode.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            serde_json::from_value(json!({"id": 7, "name": {"main": "Имя"}, "episodes": [episode]})).unwrap()
        };
        let catalog: Catalog = [release(json!({}))].into_iter().collect();
        let before = CatalogSnapshot::of(&catalog, catalog.get(7).unwrap());
        let mut now = Mapping::new(&release(json!({"hls_720": "https://a.example/720.m3u8"}))).title();
        description::expand(&mut now);

        let before = Snapshot::Catalog(Box::new(before)).fill_from(&now);

        let hls = &before.player.list.as_slice()[0].hls;
        assert_eq!((hls.sd.as_deref(), &hls.hd), (Some("/480.m3u8"), &None));
        assert_eq!(before.player.host, now.player.host);
    }
}
