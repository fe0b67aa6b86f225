//! RSS document with the results of a search.

use std::io::Result;

use quick_xml::events::{BytesText, Event};

use crate::{
    index::SearchResults,
    xml::{self, Xml},
};

/// XML namespaces of the results.
const NAMESPACES: [(&str, &str); 4] = [
    ("version", "2.0"),
    ("xmlns:atom", "http://www.w3.org/2005/Atom"),
    ("xmlns:newznab", "http://www.newznab.com/DTD/2010/feeds/attributes/"),
    ("xmlns:torznab", "http://torznab.com/schemas/2015/feed"),
];

/// Media type of the results.
const RSS: &str = "application/rss+xml";

/// Addresses in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses<'a> {
    /// Address of the indexer, without the key of the client.
    pub indexer: &'a str,
    /// Address of the site.
    pub site: &'a str,
}

impl SearchResults<'_> {
    /// Returns the results as an RSS document.
    pub fn to_xml(&self, addresses: Addresses<'_>) -> String {
        xml::document(|xml| {
            let root = xml.create_element("rss").with_attributes(NAMESPACES);
            root.write_inner_content(|xml| {
                xml.create_element("channel").write_inner_content(|xml| self.write(xml, addresses)).map(drop)
            })
            .map(drop)
        })
    }

    fn write(&self, xml: &mut Xml, addresses: Addresses<'_>) -> Result<()> {
        xml::empty(xml, "atom:link", &[("href", addresses.indexer), ("rel", "self"), ("type", RSS)])?;
        xml::text(xml, "title", "AniLibria")?;
        xml::text(xml, "description", "Anime with the voice-over of AniLibria")?;
        xml::text(xml, "link", addresses.site)?;
        xml::text(xml, "language", "ru")?;
        let (offset, total) = (self.offset.to_string(), self.total.to_string());
        xml::empty(xml, "newznab:response", &[("offset", &offset), ("total", &total)])?;
        // Items are escaped already.
        self.items.iter().try_for_each(|item| xml.write_event(Event::Text(BytesText::from_escaped(*item))))
    }
}
