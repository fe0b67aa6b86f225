//! A feed of torrents for readers and torrent clients: RSS 2.0, Atom 1.0 or JSON Feed 1.1.

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

/// The lasting name of all that feeds tell of. Atom wants ids that are the same whatever host serves the feed; this one
/// is never loaded.
const AUTHORITY: &str = "tag:anilibria.tv,2022";

/// The forms of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedFormat {
    /// RSS 2.0.
    Rss,
    /// Atom 1.0.
    Atom,
    /// JSON Feed 1.1.
    Json,
}

/// A feed of torrents. Every text is plain; characters that a form cannot carry are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Address of the page for people.
    pub page: String,
    /// Address of the feed itself, without anything secret.
    pub address: String,
    /// What made it, with its version.
    pub generator: String,
    /// Its items, in the order in which they are to stand.
    pub items: Vec<FeedItem>,
}

/// A torrent in a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedItem {
    /// Id of the torrent.
    pub torrent_id: u64,
    /// What it is called, as [`item_title`] puts it together.
    pub title: String,
    /// Address of the title's page.
    pub page: String,
    /// When the torrent was uploaded.
    pub published: OffsetDateTime,
    /// What the title is about, if known.
    pub description: Option<String>,
    /// Address of the torrent file.
    pub file: String,
    /// Bytes that the torrent loads.
    pub size: u64,
}

/// A feed that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// As XML.
    #[error("the feed could not be written as XML")]
    Xml(#[from] std::io::Error),
    /// As JSON.
    #[error("the feed could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl FeedFormat {
    /// The form with this name in the parameter `rss_type`: `rss`, `atom` or `json`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "rss" => Some(Self::Rss),
            "atom" => Some(Self::Atom),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// What to tell as `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json; charset=utf-8",
        }
    }
}

impl Feed {
    /// The feed in this form, in UTF-8.
    pub fn render(&self, format: FeedFormat) -> Result<Vec<u8>, FeedError> {
        match format {
            FeedFormat::Rss => rss::write(self),
            FeedFormat::Atom => atom::write(self),
            FeedFormat::Json => json_feed::write(self),
        }
    }

    /// When its newest item came; `None` when it has none. No clock is asked: the same items are the same bytes.
    fn updated(&self) -> Option<OffsetDateTime> {
        self.items.iter().map(|item| item.published).max()
    }
}

/// The title of an item: `ru / en | episodes [quality]`, without what is not known.
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

/// A time as mail and RSS write it; `None` in years that they cannot write.
fn rfc_2822(time: OffsetDateTime) -> Option<String> {
    time.checked_to_offset(UtcOffset::UTC)?.format(&Rfc2822).ok()
}

/// A time as Atom and JSON Feed write it; `None` in years that they cannot write.
fn rfc_3339(time: OffsetDateTime) -> Option<String> {
    time.checked_to_offset(UtcOffset::UTC)?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests;
