//! Releases as far as the mirrored catalogue knows them.

use anilibria_client::{
    model::{Episode, Genre, Image, Release, Skip},
    reflector::{Catalogue, CatalogueEntry, EpisodeEntry},
};

/// The release that `entry` was made of, as far as the catalogue keeps it: without torrents, members and streams.
pub fn release_of(catalogue: &Catalogue, entry: &CatalogueEntry) -> Release {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let mut release = Release::default();
    release.id = entry.id;
    release.alias = entry.alias.to_string();
    release.name.main = entry.name.to_string();
    release.name.english = text(entry.english.as_deref());
    release.name.alternative = text(entry.alternative.as_deref());
    release.description = Some(entry.description.to_string());
    release.kind.clone_from(&entry.kind);
    release.season.clone_from(&entry.season);
    release.year = entry.year;
    release.publish_day = entry.publish_day;
    release.is_ongoing = entry.is_ongoing;
    release.is_in_production = entry.is_in_production;
    release.is_blocked_by_geo = entry.is_blocked_by_geo;
    release.is_blocked_by_copyrights = entry.is_blocked_by_copyrights;
    release.episodes_total = entry.episodes_total;
    release.added_in_users_favorites = entry.favorites;
    release.fresh_at = entry.fresh_at();
    release.updated_at = entry.changed_at();
    release.poster = Some(poster(entry));
    release.genres = Some(catalogue.genres_of(entry).map(genre).collect());
    release.episodes = entry.episodes.as_ref().map(|episodes| episodes.iter().map(episode).collect());
    release
}

fn poster(entry: &CatalogueEntry) -> Image {
    let path = |path: &Option<Box<str>>| path.as_deref().map(str::to_owned);
    let mut image = Image::default();
    image.src = path(&entry.poster.large);
    image.preview = path(&entry.poster.medium);
    image.thumbnail = path(&entry.poster.small);
    image
}

fn genre(name: &str) -> Genre {
    let mut genre = Genre::default();
    name.clone_into(&mut genre.name);
    genre
}

fn episode(entry: &EpisodeEntry) -> Episode {
    let skip = |range: Option<std::ops::Range<std::time::Duration>>| {
        let mut skip = Skip::default();
        skip.start = range.as_ref().map(|range| range.start);
        skip.stop = range.map(|range| range.end);
        skip
    };
    let mut episode = Episode::default();
    episode.id = entry.id;
    episode.ordinal = entry.ordinal();
    episode.sort_order = entry.sort_order();
    episode.name = entry.name.as_deref().map(str::to_owned);
    episode.duration = entry.duration();
    episode.opening = skip(entry.opening());
    episode.ending = skip(entry.ending());
    episode
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::v3::Mapping;

    #[test]
    fn entry_tells_what_the_release_told_but_for_what_is_not_mirrored() {
        let release: Release = serde_json::from_value(json!({
            "id": 7, "alias": "name", "name": {"main": "Имя", "english": "Name", "alternative": null},
            "description": "О чём-то.", "type": {"value": "TV"}, "year": 2020, "season": {"value": "winter"},
            "is_ongoing": true, "episodes_total": 12, "publish_day": {"value": 3},
            "poster": {"src": "/s.jpg", "preview": "/p.jpg", "thumbnail": "/t.jpg"},
            "genres": [{"id": 2, "name": "Драма"}], "fresh_at": "2026-02-21T17:56:08+00:00",
            "episodes": [{"id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": 1, "sort_order": 1}],
        }))
        .unwrap();
        let catalogue: Catalogue = [release.clone()].into_iter().collect();

        let entry = release_of(&catalogue, catalogue.get(7).unwrap());

        assert_eq!(Mapping::new(&entry).title(), Mapping::new(&release).title());
    }
}
