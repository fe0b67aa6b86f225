//! Conversion of entries of the local catalog to titles of API v2.

use std::collections::BTreeMap;

use anilibria_client::reflector::{Catalog, CatalogEntry, EpisodeEntry};
use time::OffsetDateTime;

use super::{Mapping, kind, season, seconds, title_status};
use crate::titles::model::{
    episode::{Episode, EpisodeKey, Skip},
    title::{EpisodeCount, Names, Player, Poster, Title},
};

impl Mapping<'_> {
    /// Converts an entry of `catalog` to a title as in lists, without episodes.
    pub fn entry(self, catalog: &Catalog, entry: &CatalogEntry) -> Title {
        let url = |path: &Option<Box<str>>| self.client.media_url(path.as_deref()?);
        Title {
            id: entry.id.get(),
            alias: entry.alias.to_string(),
            names: Names {
                ru: entry.name.to_string(),
                en: filled(entry.english.as_deref()),
                alternative: filled(entry.alternative.as_deref()),
            },
            description: entry.description.replace("\r\n", "\n"),
            kind: kind(entry.kind.as_ref()),
            status: title_status(entry.status()),
            genres: catalog.genres_of(entry).map(str::to_owned).collect(),
            year: entry.year.map_or(0, i32::from),
            season: entry.season.as_ref().and_then(season),
            episodes: EpisodeCount {
                total: entry.episodes_total,
                current: entry.episodes_out().and_then(|count| count.try_into().ok()),
            },
            poster: Poster {
                small: url(&entry.poster.small),
                medium: url(&entry.poster.medium),
                large: url(&entry.poster.large),
            },
            player: Player::default(),
            rating: entry.rating,
            mal_id: entry.mal_id,
            shikimori_id: entry.shikimori_id,
            updated_at: entry.updated_at().unwrap_or(OffsetDateTime::UNIX_EPOCH).into(),
            blocked: entry.is_blocked(),
        }
    }

    /// Converts an entry of `catalog` to a title with its episodes. The streams are missing, because the catalog does not contain
    /// them. Returns `None` if the episodes were never read.
    pub fn entry_with_episodes(self, catalog: &Catalog, entry: &CatalogEntry) -> Option<Title> {
        let episodes = entry.episodes.as_ref()?;
        let key = |episode: &EpisodeEntry| EpisodeKey::new(episode.sort_order(), episode.ordinal().get());
        let episodes: BTreeMap<_, _> =
            episodes.iter().map(|episode| (key(episode), self.episode_entry(episode))).collect();
        Some(Title { player: Player { episodes }, ..self.entry(catalog, entry) })
    }

    fn episode_entry(self, episode: &EpisodeEntry) -> Episode {
        let skip = |range: std::ops::Range<std::time::Duration>| Skip {
            start: seconds(range.start),
            stop: seconds(range.end),
        };
        Episode {
            id: Some(episode.id.to_string()),
            number: episode.ordinal().get().into(),
            name: episode.name.as_deref().unwrap_or_default().to_owned(),
            preview: episode.preview.as_deref().and_then(|path| self.client.media_url(path)),
            duration: episode.duration().and_then(seconds),
            sources: Vec::new(),
            opening: episode.opening().map(skip),
            ending: episode.ending().map(skip),
        }
    }
}

fn filled(name: Option<&str>) -> Option<String> {
    name.filter(|name| !name.trim().is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use anilibria_client::{Client, model::Release};
    use serde_json::json;

    use super::*;

    fn release(with_episodes: bool) -> Release {
        let episode = json!({
            "id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": 1.5, "sort_order": 1, "duration": 1420,
            "name": "Начало", "opening": {"start": 6, "stop": 95}, "ending": {"start": null, "stop": null},
            "preview": {"src": "/e.jpg"},
        });
        let mut release = json!({
            "id": 7, "alias": "name", "name": {"main": "Имя", "english": "Name", "alternative": " "},
            "description": "a\r\nb", "type": {"value": "OAD"}, "year": 2020, "season": {"value": "winter"},
            "is_ongoing": true, "is_blocked_by_geo": true, "episodes_total": 12,
            "poster": {"src": "/s.jpg", "optimized": {"preview": "/p.webp", "thumbnail": "/t.webp"}},
            "genres": [{"id": 2, "name": "Драма"}, {"id": 1, "name": "Комедия"}],
            "rating": {"average": 8.5}, "mal": {"id": 51}, "shikimori": {"id": 52}, "fresh_at": "2026-02-21T17:56:08+00:00",
        });
        if with_episodes {
            release["episodes"] = json!([episode]);
        }
        serde_json::from_value(release).unwrap()
    }

    #[test]
    fn entry_and_release_are_converted_to_the_same_title() {
        let client = Client::builder().mirror("https://site.example/api/v1").build().unwrap();
        for with_episodes in [true, false] {
            let release = release(with_episodes);
            let catalog: Catalog = [release.clone()].into_iter().collect();
            let entry = catalog.get(7).unwrap();

            let from_entry = Mapping::new(&client).entry(&catalog, entry);
            let with_episodes_read = Mapping::new(&client).entry_with_episodes(&catalog, entry);

            let from_release = Mapping::new(&client).title(&release);
            assert_eq!(from_entry, Title { player: Player::default(), ..from_release.clone() });
            assert_eq!(with_episodes_read, with_episodes.then_some(from_release));
        }
    }
}
