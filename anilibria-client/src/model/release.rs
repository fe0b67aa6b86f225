//! Releases: one title as the team publishes it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::Client;

use super::{Episode, ExternalRating, Genre, Image, Member, PublishDay, Rating, ReleaseId, Torrent, wire};

open_enum! {
    /// What a release is.
    pub enum ReleaseKind {
        /// Broadcast series.
        Tv = "TV",
        /// Series made for the net.
        Ona = "ONA",
        /// Series on the web.
        Web = "WEB",
        /// Series made for video.
        Ova = "OVA",
        /// Video that came with a book.
        Oad = "OAD",
        /// Film.
        Movie = "MOVIE",
        /// Series with live actors.
        Dorama = "DORAMA",
        /// Special.
        Special = "SPECIAL",
    }
}

open_enum! {
    /// The season of the year in which a release began.
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
    /// The age from which a release may be watched.
    pub enum AgeRating {
        /// Everybody.
        R0Plus = "R0_PLUS",
        /// Six years.
        R6Plus = "R6_PLUS",
        /// Twelve years.
        R12Plus = "R12_PLUS",
        /// Sixteen years.
        R16Plus = "R16_PLUS",
        /// Grown-ups.
        R18Plus = "R18_PLUS",
    }
}

/// The names of a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReleaseName {
    /// In Russian.
    #[serde(deserialize_with = "wire::or_default")]
    pub main: String,
    /// In Latin letters, mostly Japanese rather than English.
    #[serde(deserialize_with = "wire::or_default")]
    pub english: Option<String>,
    /// Other names.
    #[serde(deserialize_with = "wire::or_default")]
    pub alternative: Option<String>,
}

/// A release: one title as the team publishes it.
///
/// One type for every view. What a view does not carry at all is `None`; an empty list means that there is nothing.
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
    /// What kind of title it is.
    #[serde(default, rename = "type", with = "wire::described")]
    pub kind: Option<ReleaseKind>,
    /// The year in which it began.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub year: Option<u16>,
    /// Its names.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name: ReleaseName,
    /// The last part of its address on the site. It changes when the release is renamed.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub alias: String,
    /// The season of the year in which it began.
    #[serde(default, with = "wire::described")]
    pub season: Option<Season>,
    /// Its poster.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub poster: Option<Image>,
    /// When an episode last came out; the order of "latest".
    #[serde(default, with = "wire::moment")]
    pub fresh_at: Option<OffsetDateTime>,
    /// When it was added; absent on old releases.
    #[serde(default, with = "wire::moment")]
    pub created_at: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(default, with = "wire::moment")]
    pub updated_at: Option<OffsetDateTime>,
    /// Whether its original is still coming out.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_ongoing: bool,
    /// Whether the team is still working on it, which may be true long after the original has ended.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_in_production: bool,
    /// The age from which it may be watched.
    #[serde(default, with = "wire::described")]
    pub age_rating: Option<AgeRating>,
    /// The day of the week on which episodes come out.
    #[serde(default, with = "wire::described")]
    pub publish_day: Option<PublishDay>,
    /// What it is about; lines may end with `\r\n`.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// A note of the team on when episodes come out.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub notification: Option<String>,
    /// How many episodes there will be, when that is known.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub episodes_total: Option<u32>,
    /// A player elsewhere; without a scheme (`//host/…`).
    #[serde(default, deserialize_with = "wire::or_default")]
    pub external_player: Option<String>,
    /// How long an episode is.
    #[serde(default, with = "wire::minutes")]
    pub average_duration_of_episode: Option<Duration>,
    /// Whether it is hidden in the caller's country.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_blocked_by_geo: bool,
    /// Whether it is hidden on demand of its owner.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_blocked_by_copyrights: bool,
    /// How many users have it among their favourites.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_users_favorites: u32,
    /// How many users plan to watch it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_planned_collection: u32,
    /// How many users have watched it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_watched_collection: u32,
    /// How many users are watching it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_watching_collection: u32,
    /// How many users have put it off.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_postponed_collection: u32,
    /// How many users have given it up.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub added_in_abandoned_collection: u32,
    /// The votes of the site's users.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub rating: Option<Rating>,
    /// The title on Shikimori.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub shikimori: Option<ExternalRating>,
    /// The title on MyAnimeList.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub mal: Option<ExternalRating>,
    /// Its genres.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub genres: Option<Vec<Genre>>,
    /// Its newest episode.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub latest_episode: Option<Box<Episode>>,
    /// Its episodes.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub episodes: Option<Vec<Episode>>,
    /// Its torrents.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub torrents: Option<Vec<Torrent>>,
    /// Who worked on it.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub members: Option<Vec<Member>>,
    /// Who paid for it.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub sponsors: Option<Vec<Sponsor>>,
    /// Wide pictures for the head of its page.
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

    /// When there was last something new: when an episode came out, else when it was changed, else when it was added.
    pub fn last_activity_at(&self) -> Option<OffsetDateTime> {
        self.fresh_at.or(self.updated_at).or(self.created_at)
    }
}

/// Who paid for a release.
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
    /// What the sponsor says.
    #[serde(deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// The text of the link.
    #[serde(deserialize_with = "wire::or_default")]
    pub url_title: Option<String>,
    /// The link.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
}
