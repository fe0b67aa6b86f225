//! Writing of XML elements.

use std::{borrow::Cow, io::Result};

use quick_xml::{
    Writer,
    events::{BytesCData, BytesDecl, BytesText, Event},
};

/// A writer of XML.
pub(super) type Xml = Writer<Vec<u8>>;

/// Creates a writer and writes the XML declaration.
pub(super) fn document() -> Result<Xml> {
    let mut xml = Writer::new(Vec::new());
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    Ok(xml)
}

/// Writes an element with a text.
pub(super) fn text(xml: &mut Xml, name: &str, text: &str) -> Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&clean(text))).map(drop)
}

/// Writes an element with a text in CDATA. XML readers treat it like an escaped text, but it is easier for people to read.
pub(super) fn cdata(xml: &mut Xml, name: &str, text: &str) -> Result<()> {
    // `]]>` would end the section, so it is split between two sections.
    let text = clean(text).replace("]]>", "]]]]><![CDATA[>");
    xml.create_element(name).write_cdata_content(BytesCData::new(text)).map(drop)
}

/// Writes an empty element with attributes.
pub(super) fn attributes(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> Result<()> {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, clean(value))).collect();
    let attributes = attributes.iter().map(|(name, value)| (*name, value.as_ref()));
    xml.create_element(name).with_attributes(attributes).write_empty().map(drop)
}

/// Returns the text without characters that XML cannot represent even when escaped.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let forbidden = |character: char| matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(forbidden) { Cow::Owned(text.replace(forbidden, "")) } else { Cow::Borrowed(text) }
}
