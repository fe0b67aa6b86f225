//! RSS 2.0.

use std::io::Result;

use quick_xml::escape::partial_escape;

use super::{
    Feed, FeedError, FeedItem, LANGUAGE, TORRENT, rfc_2822,
    xml::{Xml, attributes, cdata, document, text},
};

/// Writes the feed as RSS.
pub(super) fn write(feed: &Feed) -> std::result::Result<Vec<u8>, FeedError> {
    let mut xml = document()?;
    let root = [("version", "2.0"), ("xmlns:atom", "http://www.w3.org/2005/Atom")];
    xml.create_element("rss").with_attributes(root).write_inner_content(|xml| {
        xml.create_element("channel").write_inner_content(|xml| write_channel(xml, feed)).map(drop)
    })?;
    Ok(xml.into_inner())
}

fn write_channel(xml: &mut Xml, feed: &Feed) -> Result<()> {
    text(xml, "title", &feed.title)?;
    text(xml, "link", &feed.link)?;
    text(xml, "description", &feed.description)?;
    text(xml, "language", LANGUAGE)?;
    text(xml, "generator", &feed.generator)?;
    if let Some(updated) = feed.updated().and_then(rfc_2822) {
        text(xml, "lastBuildDate", &updated)?;
    }
    let self_link = [("href", feed.self_link.as_str()), ("rel", "self"), ("type", "application/rss+xml")];
    attributes(xml, "atom:link", &self_link)?;
    feed.items.iter().try_for_each(|item| {
        xml.create_element("item").write_inner_content(|xml| write_item(xml, item)).map(drop)
    })
}

fn write_item(xml: &mut Xml, item: &FeedItem) -> Result<()> {
    cdata(xml, "title", &item.title)?;
    text(xml, "link", &item.link)?;
    xml.create_element("guid")
        .with_attribute(("isPermaLink", "false"))
        .write_text_content(quick_xml::events::BytesText::new(&item.torrent_id.to_string()))?;
    if let Some(published) = rfc_2822(item.published) {
        text(xml, "pubDate", &published)?;
    }
    if let Some(description) = &item.description {
        // Readers interpret the description as HTML, unlike the other texts.
        cdata(xml, "description", &partial_escape(description).replace('\n', "<br>"))?;
    }
    let length = item.enclosure_length.to_string();
    attributes(xml, "enclosure", &[("url", &item.enclosure_url), ("length", &length), ("type", TORRENT)])
}
