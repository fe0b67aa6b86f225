//! Conversion of entries of the local catalog to releases.

use std::{ops::Range, time::Duration};

use crate::{
    model::{Episode, Genre, Image, Member, Release, ReleaseName, Skip, Torrent},
    reflector::{Catalog, CatalogEntry, EpisodeEntry, MemberEntry, TorrentEntry},
};

/// Returns the release of `entry`, with the fields that the catalog keeps: without streams and franchises.
pub fn release_of(catalog: &Catalog, entry: &CatalogEntry) -> Release {
    Release {
        id: entry.id,
        alias: entry.alias.to_string(),
        name: ReleaseName {
            main: entry.name.to_string(),
            english: text(entry.english.as_deref()),
            alternative: text(entry.alternative.as_deref()),
        },
        description: Some(entry.description.to_string()),
        kind: entry.kind.clone(),
        season: entry.season.clone(),
        year: entry.year,
        publish_day: entry.publish_day,
        is_ongoing: entry.is_ongoing,
        is_in_production: entry.is_in_production,
        is_blocked_by_geo: entry.is_blocked_by_geo,
        is_blocked_by_copyrights: entry.is_blocked_by_copyrights,
        episodes_total: entry.episodes_total,
        average_duration_of_episode: entry.episode_length,
        notification: text(entry.notification.as_deref()),
        external_player: text(entry.external_player.as_deref()),
        added_in_users_favorites: entry.favorites,
        fresh_at: entry.fresh_at(),
        updated_at: entry.changed_at(),
        poster: Some(poster(entry)),
        genres: Some(catalog.genres_of(entry).map(genre).collect()),
        episodes: entry.episodes.as_ref().map(|episodes| episodes.iter().map(episode).collect()),
        members: entry.members.as_ref().map(|members| members.iter().map(member).collect()),
        torrents: entry.torrents.as_ref().map(|torrents| torrents.iter().map(torrent).collect()),
        ..Release::default()
    }
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn poster(entry: &CatalogEntry) -> Image {
    Image {
        src: text(entry.poster.large.as_deref()),
        preview: text(entry.poster.medium.as_deref()),
        thumbnail: text(entry.poster.small.as_deref()),
        ..Image::default()
    }
}

fn genre(name: &str) -> Genre {
    Genre { name: name.to_owned(), ..Genre::default() }
}

fn episode(entry: &EpisodeEntry) -> Episode {
    Episode {
        id: entry.id,
        ordinal: entry.ordinal(),
        sort_order: entry.sort_order(),
        name: text(entry.name.as_deref()),
        duration: entry.duration(),
        opening: skip(entry.opening()),
        ending: skip(entry.ending()),
        ..Episode::default()
    }
}

fn skip(range: Option<Range<Duration>>) -> Skip {
    Skip { start: range.as_ref().map(|range| range.start), stop: range.map(|range| range.end) }
}

fn member(entry: &MemberEntry) -> Member {
    Member { nickname: entry.nickname.to_string(), role: entry.role.clone(), ..Member::default() }
}

fn torrent(entry: &TorrentEntry) -> Torrent {
    Torrent {
        id: entry.id,
        hash: entry.hash,
        size: entry.size,
        source: entry.source.clone(),
        codec: entry.codec.clone(),
        resolution: entry.resolution.clone(),
        label: entry.label.to_string(),
        description: text(entry.description.as_deref()),
        seeders: entry.seeders,
        leechers: entry.leechers,
        completed_times: entry.completed_times,
        sort_order: entry.sort_order(),
        created_at: entry.created_at(),
        updated_at: entry.changed_at(),
        ..Torrent::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::v3::Mapping;

    #[test]
    fn entry_is_mapped_like_its_release() {
        let release: Release = serde_json::from_value(json!({
            "id": 7, "alias": "name", "name": {"main": "Имя", "english": "Name", "alternative": null},
            "description": "О чём-то.", "type": {"value": "TV"}, "year": 2020, "season": {"value": "winter"},
            "is_ongoing": true, "episodes_total": 12, "publish_day": {"value": 3},
            "poster": {"src": "/s.jpg", "preview": "/p.jpg", "thumbnail": "/t.jpg"},
            "genres": [{"id": 2, "name": "Драма"}], "fresh_at": "2026-02-21T17:56:08+00:00",
            "average_duration_of_episode": 24, "notification": "Скоро.", "external_player": "//player.example",
            "members": [{
                "id": "9b5e26ee-598f-4b8b-b77e-188d3e456302", "nickname": "Голос", "role": {"value": "voicing"},
            }],
            "torrents": [{
                "id": 5, "hash": "00112233445566778899aabbccddeeff00112233", "size": 4_801_286_259_u64,
                "type": {"value": "WEBRip"}, "quality": {"value": "1080p"}, "codec": {"value": "x265/HEVC"},
                "description": "1-12", "seeders": 3, "created_at": "2026-02-21T17:56:08+00:00",
            }],
            "episodes": [{"id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": 1, "sort_order": 1}],
        }))
        .unwrap();
        let catalog: Catalog = [release.clone()].into_iter().collect();

        let entry = release_of(&catalog, catalog.get(7).unwrap());

        assert_eq!(Mapping::new(&entry).title(), Mapping::new(&release).title());
    }
}
