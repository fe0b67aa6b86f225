//! Releases of the local catalog.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    compact::{boxed, seconds, timestamp},
    episode::EpisodeEntry,
    member::MemberEntry,
    torrent::TorrentEntry,
};
use crate::{
    model::{GenreId, Image, PublishDay, Release, ReleaseId, ReleaseKind, ReleaseStatus, Season},
    watch::head::Head,
};

/// Paths of a poster; [`Client::media_url`](crate::Client::media_url) makes them absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PosterPaths {
    /// Small picture, for a list.
    pub small: Option<Box<str>>,
    /// Medium picture, for a page.
    pub medium: Option<Box<str>>,
    /// Full picture.
    pub large: Option<Box<str>>,
}

/// A release of the local catalog, with the fields for a list or for the page of a title.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the service's own fields")]
#[non_exhaustive]
pub struct CatalogEntry {
    /// Id, stable.
    pub id: ReleaseId,
    /// Last part of the URL on the site. It changes when the release is renamed.
    pub alias: Box<str>,
    /// Name in Russian.
    pub name: Box<str>,
    /// Name in Latin letters, mostly Japanese rather than English.
    pub english: Option<Box<str>>,
    /// Other names, with commas between them.
    pub alternative: Option<Box<str>>,
    /// Description; lines may end with `\r\n`.
    pub description: Box<str>,
    /// Kind of title.
    pub kind: Option<ReleaseKind>,
    /// Season of the year in which the release began.
    pub season: Option<Season>,
    /// Year in which the release began.
    pub year: Option<u16>,
    /// Weekday of new episodes.
    pub publish_day: Option<PublishDay>,
    /// True if the original is still broadcast.
    pub is_ongoing: bool,
    /// True if the team still works on the release.
    pub is_in_production: bool,
    /// True if the release is hidden in the caller's country.
    pub is_blocked_by_geo: bool,
    /// True if the release is hidden at the request of its rights holder.
    pub is_blocked_by_copyrights: bool,
    /// Planned number of episodes, if it is known.
    pub episodes_total: Option<u32>,
    /// Average duration of an episode.
    pub episode_length: Option<Duration>,
    /// Note of the team for viewers.
    pub notification: Option<Box<str>>,
    /// URL of a player on another site, without a scheme (`//host/…`).
    pub external_player: Option<Box<str>>,
    /// Poster.
    pub poster: PosterPaths,
    /// Mean score of the users of the site, from 1 to 10.
    pub rating: Option<f64>,
    /// Number of users who have the release among their favorites.
    pub favorites: u32,
    /// Id of the title on Shikimori.
    pub shikimori_id: Option<u64>,
    /// Id of the title on MyAnimeList.
    pub mal_id: Option<u64>,
    /// Genres, in the order of the service; [`Catalog::genre`](super::Catalog::genre) returns their names.
    pub genres: Box<[GenreId]>,
    /// Episodes, sorted by position in the list and then by number; `None` if they could not be read yet.
    pub episodes: Option<Box<[EpisodeEntry]>>,
    /// Members of the team who worked on the release; `None` if they could not be read yet.
    pub members: Option<Box<[MemberEntry]>>,
    /// Torrents, in the order of the service; `None` if they could not be read yet.
    pub torrents: Option<Box<[TorrentEntry]>>,
    fresh_at: Option<i64>,
    changed_at: Option<i64>,
    created_at: Option<i64>,
}

impl CatalogEntry {
    /// Returns the status that follows from the flags and the episodes.
    pub fn status(&self) -> ReleaseStatus {
        let has_episodes =
            self.episodes.as_ref().map_or(self.fresh_at.is_some(), |episodes| !episodes.is_empty());
        ReleaseStatus::of(self.is_ongoing, self.is_in_production, has_episodes)
    }

    /// Returns true if the release is hidden for any reason.
    pub fn is_blocked(&self) -> bool {
        self.is_blocked_by_geo || self.is_blocked_by_copyrights
    }

    /// Returns the number of published regular episodes; `None` if they could not be read yet. Specials with numbers such as 12.5
    /// do not count.
    pub fn episodes_out(&self) -> Option<usize> {
        let episodes = self.episodes.as_ref()?;
        Some(episodes.iter().filter(|episode| episode.ordinal().is_whole()).count())
    }

    /// Returns the time of the last new episode; `None` before the first one.
    pub fn fresh_at(&self) -> Option<OffsetDateTime> {
        timestamp(self.fresh_at)
    }

    /// Returns the time of the last change.
    pub fn changed_at(&self) -> Option<OffsetDateTime> {
        timestamp(self.changed_at)
    }

    /// Returns the time of the last new episode, or else of the last change, or else of the addition: the key of
    /// [`Sort::Updated`](super::Sort::Updated).
    pub fn updated_at(&self) -> Option<OffsetDateTime> {
        timestamp(self.updated())
    }

    /// [`updated_at`](Self::updated_at) in Unix seconds.
    pub(super) fn updated(&self) -> Option<i64> {
        self.fresh_at.or(self.changed_at).or(self.created_at)
    }

    /// Returns the fields that show whether the release has changed at the service.
    pub(super) fn head(&self) -> Head {
        Head {
            id: self.id,
            fresh_at: self.fresh_at,
            updated_at: self.changed_at,
            is_ongoing: self.is_ongoing,
            is_in_production: self.is_in_production,
        }
    }

    /// Copies episodes, members and torrents from an older entry of the release, if the new ones could not be read.
    pub(super) fn copy_parts_from(&mut self, old: &Self) {
        self.episodes.clone_from(&old.episodes);
        self.members.clone_from(&old.members);
        self.torrents.clone_from(&old.torrents);
    }

    /// Returns all names of the release.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let alternative = self.alternative.iter().flat_map(|names| names.split(','));
        std::iter::once(self.name.as_ref()).chain(self.english.as_deref()).chain(alternative)
    }
}

impl From<&Release> for CatalogEntry {
    fn from(release: &Release) -> Self {
        let path = |pick: fn(&Image) -> Option<&str>| boxed(release.poster.as_ref().and_then(pick));
        Self {
            id: release.id,
            alias: release.alias.as_str().into(),
            name: release.name.main.as_str().into(),
            english: boxed(release.name.english.as_deref()),
            alternative: boxed(release.name.alternative.as_deref()),
            description: release.description.as_deref().unwrap_or_default().into(),
            kind: release.kind.clone(),
            season: release.season.clone(),
            year: release.year,
            publish_day: release.publish_day,
            is_ongoing: release.is_ongoing,
            is_in_production: release.is_in_production,
            is_blocked_by_geo: release.is_blocked_by_geo,
            is_blocked_by_copyrights: release.is_blocked_by_copyrights,
            episodes_total: release.episodes_total,
            episode_length: release.average_duration_of_episode,
            notification: boxed(release.notification.as_deref()),
            external_player: boxed(release.external_player.as_deref()),
            poster: PosterPaths {
                small: path(Image::small),
                medium: path(Image::medium),
                large: path(Image::large),
            },
            rating: release.rating.as_ref().and_then(|rating| rating.average),
            favorites: release.added_in_users_favorites,
            shikimori_id: release.shikimori.as_ref().and_then(|title| title.id),
            mal_id: release.mal.as_ref().and_then(|title| title.id),
            genres: release.genres.iter().flatten().map(|genre| genre.id).collect(),
            episodes: release.episodes.as_ref().map(|episodes| sorted(episodes.iter().map(Into::into))),
            members: release.members.as_ref().map(|members| members.iter().map(Into::into).collect()),
            torrents: release.torrents.as_ref().map(|torrents| torrents.iter().map(Into::into).collect()),
            fresh_at: seconds(release.fresh_at),
            changed_at: seconds(release.updated_at),
            created_at: seconds(release.created_at),
        }
    }
}

fn sorted(episodes: impl Iterator<Item = EpisodeEntry>) -> Box<[EpisodeEntry]> {
    let mut episodes: Vec<_> = episodes.collect();
    episodes.sort_by(|one, other| {
        one.sort_order().cmp(&other.sort_order()).then(one.ordinal().total_cmp(&other.ordinal()))
    });
    episodes.into()
}
