//! Atom 1.0.

use std::io::Result;

use super::{
    AUTHORITY, Feed, FeedError, FeedItem, LANGUAGE, TORRENT, rfc_3339,
    xml::{Xml, attributes, document, text},
};

/// Time of a feed or an item without a known time; Atom requires one.
const UNKNOWN_TIME: &str = "1970-01-01T00:00:00Z";

/// Writes the feed as Atom.
pub(super) fn write(feed: &Feed) -> std::result::Result<Vec<u8>, FeedError> {
    let mut xml = document()?;
    let root = [("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", LANGUAGE)];
    xml.create_element("feed").with_attributes(root).write_inner_content(|xml| {
        write_head(xml, feed)?;
        feed.items.iter().try_for_each(|item| {
            xml.create_element("entry").write_inner_content(|xml| write_entry(xml, item)).map(drop)
        })
    })?;
    Ok(xml.into_inner())
}

fn write_head(xml: &mut Xml, feed: &Feed) -> Result<()> {
    text(xml, "id", &format!("{AUTHORITY}:torrents"))?;
    text(xml, "title", &feed.title)?;
    text(xml, "subtitle", &feed.description)?;
    text(xml, "updated", &feed.updated().and_then(rfc_3339).unwrap_or_else(|| UNKNOWN_TIME.to_owned()))?;
    xml.create_element("author").write_inner_content(|xml| text(xml, "name", &feed.title))?;
    text(xml, "generator", &feed.generator)?;
    attributes(xml, "link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", &feed.self_link)])?;
    attributes(xml, "link", &[("rel", "alternate"), ("type", "text/html"), ("href", &feed.link)])
}

fn write_entry(xml: &mut Xml, item: &FeedItem) -> Result<()> {
    let published = rfc_3339(item.published);
    text(xml, "id", &format!("{AUTHORITY}:torrents/{}", item.torrent_id))?;
    text(xml, "title", &item.title)?;
    text(xml, "updated", published.as_deref().unwrap_or(UNKNOWN_TIME))?;
    if let Some(published) = &published {
        text(xml, "published", published)?;
    }
    attributes(xml, "link", &[("rel", "alternate"), ("type", "text/html"), ("href", &item.link)])?;
    let length = item.enclosure_length.to_string();
    let enclosure =
        [("rel", "enclosure"), ("type", TORRENT), ("length", length.as_str()), ("href", &item.enclosure_url)];
    attributes(xml, "link", &enclosure)?;
    item.description.as_ref().map_or(Ok(()), |description| text(xml, "summary", description))
}
