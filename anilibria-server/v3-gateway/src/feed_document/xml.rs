//! Texts inside of XML.

use std::{borrow::Cow, io::Result};

use quick_xml::{
    Writer,
    events::{BytesCData, BytesDecl, BytesText, Event},
};

/// What XML is written to.
pub(super) type Xml = Writer<Vec<u8>>;

/// The beginning of a document.
pub(super) fn document() -> Result<Xml> {
    let mut xml = Writer::new(Vec::new());
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    Ok(xml)
}

/// An element with a text.
pub(super) fn text(xml: &mut Xml, name: &str, text: &str) -> Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&clean(text))).map(drop)
}

/// An element with a text that is not escaped. Readers take both for the same; many people do not.
pub(super) fn unescaped(xml: &mut Xml, name: &str, text: &str) -> Result<()> {
    // What would end it ends within the text, and another one begins with the rest.
    let text = clean(text).replace("]]>", "]]]]><![CDATA[>");
    xml.create_element(name).write_cdata_content(BytesCData::new(text)).map(drop)
}

/// An element with nothing but attributes.
pub(super) fn attributes(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> Result<()> {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, clean(value))).collect();
    let attributes = attributes.iter().map(|(name, value)| (*name, value.as_ref()));
    xml.create_element(name).with_attributes(attributes).write_empty().map(drop)
}

/// The text without characters that XML cannot carry, not even escaped.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let forbidden = |character: char| matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(forbidden) { Cow::Owned(text.replace(forbidden, "")) } else { Cow::Borrowed(text) }
}
