//! Releases: one title as the team publishes it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::Client;

use super::{Episode, ExternalRating, Genre, Image, Member, PublishDay, Rating, ReleaseId, Torrent, wire};

open_enum! {
    /// Kind of a release.
    pub enum ReleaseKind {
        /// Broadcast series.
        Tv = "TV",
        /// Original net animation.
        Ona = "ONA",
        /// Web series.
        Web = "WEB",
        /// Original video animation.
        Ova = "OVA",
        /// Original animation disc, sold with a book.
        Oad = "OAD",
        /// Film.
        Movie = "MOVIE",
        /// Live-action series.
        Dorama = "DORAMA",
        /// Special.
        Special = "SPECIAL",
    }
}

open_enum! {
    /// Season in which a release began.
    pub enum Season {
        /// January to March.
        Winter = "winter",
        /// April to June.
        Spring = "spring",
        /// July to September.
        Summer = "summer",
        /// October to December.
        Autumn = "autumn",
    }
}

open_enum! {
    /// Minimum age of viewers.
    pub enum AgeRating {
        /// All ages.
        R0Plus = "R0_PLUS",
        /// 6 years.
        R6Plus = "R6_PLUS",
        /// 12 years.
        R12Plus = "R12_PLUS",
        /// 16 years.
        R16Plus = "R16_PLUS",
        /// 18 years.
        R18Plus = "R18_PLUS",
    }
}

/// Names of a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReleaseName {
    /// Name in Russian.
    #[serde(deserialize_with = "wire::or_default")]
    pub main: String,
    /// Name in Latin letters, usually Japanese rather than English.
    #[serde(deserialize_with = "wire::or_default")]
    pub english: Option<String>,
    /// Other names.
    #[serde(deserialize_with = "wire::or_default")]
    pub alternative: Option<String>,
}

/// A release: one title as the team publishes it.
///
/// All views share this type. A field that a view does not contain is `None`; an empty list means that there are no items.
///
/// | view | carries besides the base fields |
/// | --- | --- |
/// | search, franchise, torrent, random, recommended | nothing |
/// | catalog, schedule | `genres` |
/// | latest | `genres`, `latest_episode` |
/// | by id or alias, list | `genres`, `episodes`, `torrents`, `members`, `sponsors` |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the service's own fields")]
#[non_exhaustive]
pub struct Release {
    /// Id, stable.
    #[serde(deserialize_with = "wire::identity")]
    pub id: ReleaseId,
    /// Kind of the release.
    #[serde(default, rename = "type", with = "wire::described")]
    pub kind: Option<ReleaseKind>,
    /// Year in which the release began.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub year: Option<u16>,
    /// Names.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name: ReleaseName,
    /// Last part of the URL on the site. It changes when the release is renamed.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub alias: String,
    /// Season in which the release began.
    #[serde(default, with = "wire::described")]
    pub season: Option<Season>,
    /// Poster.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub poster: Option<Image>,
    /// Time of the last new episode; the sort key of "latest".
    #[serde(default, with = "wire::timestamp")]
    pub fresh_at: Option<OffsetDateTime>,
    /// Time of the addition. Missing for old releases.
    #[serde(default, with = "wire::timestamp")]
    pub created_at: Option<OffsetDateTime>,
    /// Time of the last change.
    #[serde(default, with = "wire::timestamp")]
    pub updated_at: Option<OffsetDateTime>,
    /// True if the original is still broadcast.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_ongoing: bool,
    /// True if the team still works on the release, possibly long after the end of the original.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_in_production: bool,
    /// Minimum age of viewers.
    #[serde(default, with = "wire::described")]
    pub age_rating: Option<AgeRating>,
    /// Weekday of new episodes.
    #[serde(default, with = "wire::described")]
    pub publish_day: Option<PublishDay>,
    /// Description. Lines may end with `\r\n`.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// Note of the team about the next episodes.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub notification: Option<String>,
    /// Total number of episodes, if it is known.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub episodes_total: Option<u32>,
    /// URL of a player on another site, without a scheme (`//host/…`).
    #[serde(default, deserialize_with = "wire::or_default")]
    pub external_player: Option<String>,
    /// Average duration of an episode.
    #[serde(default, with = "wire::minutes")]
    pub average_duration_of_episode: Option<Duration>,
    /// True if the release is hidden in the caller's country.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_blocked_by_geo: bool,
    /// True if the release is hidden at the request of its rights holder.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_blocked_by_copyrights: bool,
    /// Number of users who have the release in their favorites.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_users_favorites: u32,
    /// Number of users who plan to watch it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_planned_collection: u32,
    /// Number of users who have watched it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_watched_collection: u32,
    /// Number of users who are watching it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_watching_collection: u32,
    /// Number of users who have postponed it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_postponed_collection: u32,
    /// Number of users who have abandoned it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_abandoned_collection: u32,
    /// Votes of the users of the site.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub rating: Option<Rating>,
    /// Rating on Shikimori.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub shikimori: Option<ExternalRating>,
    /// Rating on MyAnimeList.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub mal: Option<ExternalRating>,
    /// Genres.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub genres: Option<Vec<Genre>>,
    /// Newest episode.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub latest_episode: Option<Box<Episode>>,
    /// Episodes.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub episodes: Option<Vec<Episode>>,
    /// Torrents.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub torrents: Option<Vec<Torrent>>,
    /// Members of the team who worked on the release.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub members: Option<Vec<Member>>,
    /// Sponsors of the release.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub sponsors: Option<Vec<Sponsor>>,
    /// Wide pictures for the head of the page.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub background_covers: Option<Vec<Image>>,
}

impl Release {
    /// Returns the absolute URL of the full poster ([`Image::large`]: JPEG, or WebP if there is no JPEG); `None` if the
    /// release has no poster, or the view does not carry it.
    ///
    /// For the smaller pictures in WebP, pass [`Image::medium`] or [`Image::small`] to
    /// [`Client::media_url`](crate::Client::media_url), which also documents the host.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let release = client.releases().get(1).await?;
    ///
    /// let url = release.poster_url(&client).unwrap();
    /// assert!(url.starts_with("http"));
    /// # Ok(())
    /// # });
    /// ```
    pub fn poster_url(&self, client: &Client) -> Option<String> {
        client.media_url(self.poster.as_ref()?.large()?)
    }

    /// Returns the absolute URL of the page of the release on the site, on the host of
    /// [`Client::media_url`](crate::Client::media_url).
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let release = client.releases().get(1).await?;
    ///
    /// let url = release.page_url(&client).unwrap();
    /// assert!(url.ends_with(&format!("/anime/releases/release/{}", release.alias)));
    /// # Ok(())
    /// # });
    /// ```
    pub fn page_url(&self, client: &Client) -> Option<String> {
        client.media_url(&format!("/anime/releases/release/{}", self.alias))
    }

    /// Returns true if the release is hidden for any reason.
    pub fn is_blocked(&self) -> bool {
        self.is_blocked_by_geo || self.is_blocked_by_copyrights
    }

    /// Returns the time of the last new episode; if it is unknown, that of the last change, else that of the addition.
    pub fn last_activity_at(&self) -> Option<OffsetDateTime> {
        self.fresh_at.or(self.updated_at).or(self.created_at)
    }
}

/// A sponsor of a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Sponsor {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "wire::or_default")]
    pub title: String,
    /// Text of the sponsor.
    #[serde(deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// Text of the link.
    #[serde(deserialize_with = "wire::or_default")]
    pub url_title: Option<String>,
    /// URL of the link.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
}
