//! Releases as the mirrored catalogue keeps them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    compact::{boxed, moment, seconds},
    episode::EpisodeEntry,
    member::MemberEntry,
    torrent::TorrentEntry,
};
use crate::{
    model::{GenreId, Image, PublishDay, Release, ReleaseId, ReleaseKind, ReleaseStatus, Season},
    watch::head::Head,
};

/// The paths of a poster; [`Client::media_url`](crate::Client::media_url) makes them absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PosterPaths {
    /// The small picture, for a list.
    pub small: Option<Box<str>>,
    /// The picture for a page.
    pub medium: Option<Box<str>>,
    /// The full picture.
    pub large: Option<Box<str>>,
}

/// A release of the mirrored catalogue: what a list or a page of a title shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the service's own fields")]
#[non_exhaustive]
pub struct CatalogueEntry {
    /// Id, stable.
    pub id: ReleaseId,
    /// The last part of its address on the site. It changes when the release is renamed.
    pub alias: Box<str>,
    /// Name in Russian.
    pub name: Box<str>,
    /// Name in Latin letters, mostly Japanese rather than English.
    pub english: Option<Box<str>>,
    /// Other names, with commas between them.
    pub alternative: Option<Box<str>>,
    /// What it is about; lines may end with `\r\n`.
    pub description: Box<str>,
    /// What kind of title it is.
    pub kind: Option<ReleaseKind>,
    /// The season of the year in which it began.
    pub season: Option<Season>,
    /// The year in which it began.
    pub year: Option<u16>,
    /// The day of the week on which episodes come out.
    pub publish_day: Option<PublishDay>,
    /// Whether its original is still coming out.
    pub is_ongoing: bool,
    /// Whether the team is still working on it.
    pub is_in_production: bool,
    /// Whether it is hidden in the caller's country.
    pub is_blocked_by_geo: bool,
    /// Whether it is hidden on demand of its owner.
    pub is_blocked_by_copyrights: bool,
    /// How many episodes there will be, when that is known.
    pub episodes_total: Option<u32>,
    /// How long an episode is.
    pub episode_length: Option<Duration>,
    /// A note of the team for viewers.
    pub notification: Option<Box<str>>,
    /// The address of another site's player.
    pub external_player: Option<Box<str>>,
    /// Its poster.
    pub poster: PosterPaths,
    /// The mean of the votes of the site's users, from 1 to 10.
    pub rating: Option<f64>,
    /// How many users have it among their favourites.
    pub favorites: u32,
    /// Its genres, in the service's order; [`Catalogue::genre`](super::Catalogue::genre) names them.
    pub genres: Box<[GenreId]>,
    /// Its episodes, by their place in the list and then by number; `None` when they were never read.
    pub episodes: Option<Box<[EpisodeEntry]>>,
    /// Who worked on it; `None` when that was never read.
    pub members: Option<Box<[MemberEntry]>>,
    /// Its torrents, in the service's order; `None` when they were never read.
    pub torrents: Option<Box<[TorrentEntry]>>,
    fresh_at: Option<i64>,
    changed_at: Option<i64>,
    created_at: Option<i64>,
}

impl CatalogueEntry {
    /// How far it has come.
    pub fn status(&self) -> ReleaseStatus {
        let has_episodes =
            self.episodes.as_ref().map_or(self.fresh_at.is_some(), |episodes| !episodes.is_empty());
        ReleaseStatus::of(self.is_ongoing, self.is_in_production, has_episodes)
    }

    /// Whether it is hidden, for whatever reason.
    pub fn is_blocked(&self) -> bool {
        self.is_blocked_by_geo || self.is_blocked_by_copyrights
    }

    /// How many regular episodes are out, specials with half a number left aside; `None` when they were never read.
    pub fn episodes_out(&self) -> Option<usize> {
        let episodes = self.episodes.as_ref()?;
        Some(episodes.iter().filter(|episode| episode.ordinal().is_whole()).count())
    }

    /// When an episode last came out; `None` before the first one.
    pub fn fresh_at(&self) -> Option<OffsetDateTime> {
        moment(self.fresh_at)
    }

    /// When it was last changed.
    pub fn changed_at(&self) -> Option<OffsetDateTime> {
        moment(self.changed_at)
    }

    /// When an episode last came out, else when it was last changed, else when it was added: what
    /// [`Sort::Updated`](super::Sort::Updated) sorts by.
    pub fn updated_at(&self) -> Option<OffsetDateTime> {
        moment(self.updated())
    }

    /// The same in Unix seconds.
    pub(super) fn updated(&self) -> Option<i64> {
        self.fresh_at.or(self.changed_at).or(self.created_at)
    }

    /// What it is compared by with what the service shows now.
    pub(super) fn head(&self) -> Head {
        Head {
            id: self.id,
            fresh_at: self.fresh_at,
            updated_at: self.changed_at,
            is_ongoing: self.is_ongoing,
            is_in_production: self.is_in_production,
        }
    }

    /// Takes over the parts of another state of the release, for parts that could not be read.
    pub(super) fn keep_parts_of(&mut self, old: &Self) {
        self.episodes.clone_from(&old.episodes);
        self.members.clone_from(&old.members);
        self.torrents.clone_from(&old.torrents);
    }

    /// Every name it is known by.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let alternative = self.alternative.iter().flat_map(|names| names.split(','));
        std::iter::once(self.name.as_ref()).chain(self.english.as_deref()).chain(alternative)
    }
}

impl From<&Release> for CatalogueEntry {
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
