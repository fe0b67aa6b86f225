//! Capabilities document of the indexer (`t=caps`).

use std::io::Result;

use crate::{
    category::GROUPS,
    query::{DEFAULT_LIMIT, MAX_LIMIT},
    xml::{self, Xml},
};

/// Searches: element, availability, supported parameters.
const SEARCHES: [(&str, &str, &str); 5] = [
    ("search", "yes", "q"),
    ("tv-search", "yes", "q,season,ep,year"),
    ("movie-search", "yes", "q,year"),
    ("audio-search", "no", ""),
    ("book-search", "no", ""),
];

/// Returns the capabilities document: limits, searches and categories.
pub fn caps() -> String {
    xml::document(|xml| xml.create_element("caps").write_inner_content(write).map(drop))
}

fn write(xml: &mut Xml) -> Result<()> {
    xml::empty(xml, "server", &[("version", env!("CARGO_PKG_VERSION")), ("title", "AniLibria")])?;
    let (default, max) = (DEFAULT_LIMIT.to_string(), MAX_LIMIT.to_string());
    xml::empty(xml, "limits", &[("default", &default), ("max", &max)])?;
    xml::empty(xml, "registration", &[("available", "no"), ("open", "no")])?;
    xml.create_element("searching").write_inner_content(|xml| {
        SEARCHES.iter().try_for_each(|(name, available, parameters)| {
            xml::empty(xml, name, &[("available", available), ("supportedParams", parameters)])
        })
    })?;
    xml.create_element("categories").write_inner_content(|xml| {
        GROUPS.iter().try_for_each(|group| {
            let id = group.id.to_string();
            let element = xml.create_element("category");
            let element = element.with_attributes([("id", id.as_str()), ("name", group.name)]);
            let subcategories = |xml: &mut Xml| {
                group.members.iter().try_for_each(|category| {
                    let id = category.id().to_string();
                    xml::empty(xml, "subcat", &[("id", &id), ("name", category.name())])
                })
            };
            element.write_inner_content(subcategories).map(drop)
        })
    })?;
    xml.create_element("tags").write_empty().map(drop)
}
