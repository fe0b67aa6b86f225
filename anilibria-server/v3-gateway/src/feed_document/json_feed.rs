//! JSON Feed 1.1.

use std::borrow::Cow;

use serde::Serialize;

use super::{Feed, FeedError, FeedItem, LANGUAGE, TORRENT, rfc_3339, xml::clean};

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    title: Cow<'a, str>,
    home_page_url: &'a str,
    feed_url: &'a str,
    description: Cow<'a, str>,
    language: &'static str,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    /// Id of the item. JSON Feed requires text.
    id: String,
    url: &'a str,
    title: Cow<'a, str>,
    /// Content of the item, which JSON Feed requires.
    content_text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published: Option<String>,
    attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
struct Attachment<'a> {
    url: &'a str,
    mime_type: &'static str,
    size_in_bytes: u64,
}

/// Writes the feed as JSON.
pub(super) fn write(feed: &Feed) -> Result<Vec<u8>, FeedError> {
    Ok(serde_json::to_vec(&Document {
        version: "https://jsonfeed.org/version/1.1",
        title: clean(&feed.title),
        home_page_url: &feed.link,
        feed_url: &feed.self_link,
        description: clean(&feed.description),
        language: LANGUAGE,
        items: feed.items.iter().map(item).collect(),
    })?)
}

fn item(item: &FeedItem) -> Item<'_> {
    Item {
        id: item.torrent_id.to_string(),
        url: &item.link,
        title: clean(&item.title),
        content_text: clean(item.description.as_deref().unwrap_or(&item.title)),
        date_published: rfc_3339(item.published),
        attachments: [Attachment {
            url: &item.enclosure_url,
            mime_type: TORRENT,
            size_in_bytes: item.enclosure_length,
        }],
    }
}
