//! A feed of torrents for feed readers and torrent clients: RSS 2.0, Atom 1.0 or JSON Feed 1.1.

mod atom;
mod json_feed;
mod rss;
mod xml;

use time::{
    OffsetDateTime, UtcOffset,
    format_description::well_known::{Rfc2822, Rfc3339},
};

/// Media type of a torrent file.
const TORRENT: &str = "application/x-bittorrent";

/// Language of every feed.
const LANGUAGE: &str = "ru";

/// Prefix of the ids of feeds and items. Atom ids must not depend on the host that serves the feed; nothing is loaded from
/// them.
const AUTHORITY: &str = "tag:anilibria.tv,2022";

/// Formats of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedFormat {
    /// RSS 2.0.
    Rss,
    /// Atom 1.0.
    Atom,
    /// JSON Feed 1.1.
    Json,
}

/// A feed of torrents. All texts are plain text; characters that a format cannot represent are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Title of the feed.
    pub title: String,
    /// Description of the feed.
    pub description: String,
    /// Address of the website of the feed.
    pub link: String,
    /// Address of the feed, for its self link. It has no secrets.
    pub self_link: String,
    /// Name and version of the program that generates the feed.
    pub generator: String,
    /// Items, in the order of the document.
    pub items: Vec<FeedItem>,
}

/// A torrent in a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedItem {
    /// Id of the torrent.
    pub torrent_id: u64,
    /// Title of the item, as [`item_title`] returns it.
    pub title: String,
    /// Address of the title's page.
    pub link: String,
    /// Time of the upload of the torrent.
    pub published: OffsetDateTime,
    /// Description of the title, if known.
    pub description: Option<String>,
    /// Address of the torrent file, the enclosure of the item.
    pub enclosure_url: String,
    /// Length of the enclosure: the size of the contents of the torrent, in bytes.
    pub enclosure_length: u64,
}

/// Errors of writing a feed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// Writing XML failed.
    #[error("the feed could not be written as XML")]
    Xml(#[from] std::io::Error),
    /// Writing JSON failed.
    #[error("the feed could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl FeedFormat {
    /// Returns the format for a value of the parameter `rss_type`: `rss`, `atom` or `json`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "rss" => Some(Self::Rss),
            "atom" => Some(Self::Atom),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Returns the value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json; charset=utf-8",
        }
    }
}

impl Feed {
    /// Renders the feed in UTF-8.
    ///
    /// # Errors
    ///
    /// [`FeedError`] if the writer of the format fails.
    pub fn render(&self, format: FeedFormat) -> Result<Vec<u8>, FeedError> {
        match format {
            FeedFormat::Rss => rss::write(self),
            FeedFormat::Atom => atom::write(self),
            FeedFormat::Json => json_feed::write(self),
        }
    }

    /// Returns the time of the newest item; `None` without items. The clock is not used, so that the same items give the
    /// same bytes.
    fn updated(&self) -> Option<OffsetDateTime> {
        self.items.iter().map(|item| item.published).max()
    }
}

/// Returns the title of an item: `ru / en | episodes [quality]`. Unknown or empty parts are left out.
pub fn item_title(ru: &str, en: Option<&str>, episodes: Option<&str>, quality: Option<&str>) -> String {
    let known = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut title = ru.trim().to_owned();
    for (before, part, after) in [(" / ", en, ""), (" | ", episodes, ""), (" [", quality, "]")] {
        if let Some(part) = known(part) {
            title.extend([before, &part, after]);
        }
    }
    title
}

/// Formats a time for RSS; `None` if RFC 2822 cannot represent its year.
fn rfc_2822(time: OffsetDateTime) -> Option<String> {
    time.checked_to_offset(UtcOffset::UTC)?.format(&Rfc2822).ok()
}

/// Formats a time for Atom and JSON Feed; `None` if RFC 3339 cannot represent its year.
fn rfc_3339(time: OffsetDateTime) -> Option<String> {
    time.checked_to_offset(UtcOffset::UTC)?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests;
