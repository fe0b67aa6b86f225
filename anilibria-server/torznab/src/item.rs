//! Items of the results: one torrent each.

use std::io::Result;

use anilibria_client::{
    Client,
    model::{ReleaseId, Torrent},
    reflector::{CatalogEntry, TorrentEntry},
};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc2822};

use crate::{
    category::Category,
    numbering::Numbering,
    placement::Placement,
    title::title,
    xml::{self, Xml},
};

/// Media type of a `.torrent` file.
const TORRENT: &str = "application/x-bittorrent";

/// A torrent in the results.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) release: ReleaseId,
    pub(crate) category: Category,
    pub(crate) numbering: Numbering,
    /// Years of the release and of its series.
    pub(crate) years: [Option<u16>; 2],
    pub(crate) published: Option<OffsetDateTime>,
    /// The rendered element.
    pub(crate) xml: String,
}

impl Item {
    /// Creates the item of a torrent, with links from `client`. Returns `None` if the file has no link.
    pub(crate) fn new(
        client: &Client,
        entry: &CatalogEntry,
        placement: &Placement,
        torrent: &TorrentEntry,
    ) -> Option<Self> {
        let description = torrent.description.as_deref().unwrap_or_default();
        let mut item = Self {
            release: entry.id,
            category: Category::of(entry, torrent),
            numbering: Numbering::new(entry, placement, description),
            years: [entry.year, placement.series_year],
            published: torrent.changed_at().or_else(|| torrent.created_at()),
            xml: String::new(),
        };
        let file = client.link(client.torrents().file(torrent.id).request()).ok()?;
        let page = format!("/anime/releases/release/{}/torrents", entry.alias);
        let writer = ItemWriter {
            entry,
            torrent,
            item: &item,
            title: title(placement, &item.numbering, torrent),
            file,
            page: client.media_url(&page).unwrap_or_default(),
            cover: entry.poster.large.as_deref().and_then(|path| client.media_url(path)),
        };
        item.xml = xml::fragment(|xml| {
            xml.create_element("item").write_inner_content(|xml| writer.write(xml)).map(drop)
        });
        Some(item)
    }

    /// True if the release or its series is of this year.
    pub(crate) fn is_of_year(&self, year: u16) -> bool {
        self.years.contains(&Some(year))
    }
}

/// The values of an item that is rendered.
struct ItemWriter<'i> {
    entry: &'i CatalogEntry,
    torrent: &'i TorrentEntry,
    item: &'i Item,
    title: String,
    file: String,
    page: String,
    cover: Option<String>,
}

impl ItemWriter<'_> {
    fn write(&self, xml: &mut Xml) -> Result<()> {
        let size = self.torrent.size.to_string();
        let categories = [self.item.category.group(), self.item.category.id()].map(|id| id.to_string());
        xml::text(xml, "title", &self.title)?;
        self.write_guid(xml)?;
        xml::text(xml, "comments", &self.page)?;
        if let Some(published) = self.item.published.and_then(rfc_2822) {
            xml::text(xml, "pubDate", &published)?;
        }
        xml::text(xml, "size", &size)?;
        xml::text(xml, "link", &self.file)?;
        categories.iter().try_for_each(|category| xml::text(xml, "category", category))?;
        xml::empty(xml, "enclosure", &[("url", &self.file), ("length", &size), ("type", TORRENT)])?;
        categories.iter().try_for_each(|category| attribute(xml, "category", category))?;
        self.attributes().iter().try_for_each(|(name, value)| attribute(xml, name, value))
    }

    /// Writes the id of the torrent: its hash if it is known. The id does not depend on the address of this service.
    fn write_guid(&self, xml: &mut Xml) -> Result<()> {
        let guid = match self.torrent.hash {
            Some(hash) => hash.to_string(),
            None => format!("anilibria-torrent-{}", self.torrent.id),
        };
        let guid = quick_xml::events::BytesText::new(&guid);
        xml.create_element("guid").with_attribute(("isPermaLink", "false")).write_text_content(guid).map(drop)
    }

    /// Returns the attributes with a known value. Each name occurs once, because clients fail on repeated ones.
    fn attributes(&self) -> Vec<(&'static str, String)> {
        let Self { torrent, item, entry, .. } = self;
        let peers = torrent.seeders.saturating_add(torrent.leechers);
        let numbering = &item.numbering;
        let episode = numbering.title_range().filter(|range| range.start() == range.end());
        let episode = episode.filter(|_| numbering.season.is_some()).map(|range| range.start().to_string());
        let all = [
            ("size", Some(torrent.size.to_string())),
            ("seeders", Some(torrent.seeders.to_string())),
            ("leechers", Some(torrent.leechers.to_string())),
            ("peers", Some(peers.to_string())),
            ("grabs", Some(torrent.completed_times.to_string())),
            ("infohash", torrent.hash.map(|hash| hash.to_string())),
            ("magneturl", magnet(torrent)),
            ("downloadvolumefactor", Some("0".to_owned())),
            ("uploadvolumefactor", Some("1".to_owned())),
            ("year", entry.year.map(|year| year.to_string())),
            ("season", numbering.season.map(|season| season.to_string())),
            ("episode", episode),
            ("language", Some("Russian".to_owned())),
            ("coverurl", self.cover.clone()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

fn attribute(xml: &mut Xml, name: &str, value: &str) -> Result<()> {
    xml::empty(xml, "torznab:attr", &[("name", name), ("value", value)])
}

/// Returns the magnet link of a torrent.
fn magnet(torrent: &TorrentEntry) -> Option<String> {
    let mut model = Torrent::default();
    model.hash = torrent.hash;
    model.label = torrent.label.to_string();
    model.size = torrent.size;
    model.magnet_link()
}

/// Formats a time; `None` if the format cannot represent its year.
fn rfc_2822(time: OffsetDateTime) -> Option<String> {
    time.checked_to_offset(UtcOffset::UTC)?.format(&Rfc2822).ok()
}
