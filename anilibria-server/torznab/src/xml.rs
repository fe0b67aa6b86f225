//! XML writer for elements and documents.

use std::{borrow::Cow, io::Result};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

/// A writer of XML.
pub(crate) type Xml = Writer<Vec<u8>>;

/// Returns the elements that `write` writes. Writing into memory cannot fail.
pub(crate) fn fragment(write: impl FnOnce(&mut Xml) -> Result<()>) -> String {
    let mut xml = Writer::new(Vec::new());
    let _ = write(&mut xml);
    String::from_utf8(xml.into_inner()).unwrap_or_default()
}

/// Returns a document with the elements that `write` writes.
pub(crate) fn document(write: impl FnOnce(&mut Xml) -> Result<()>) -> String {
    fragment(|xml| {
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
        write(xml)
    })
}

/// Writes an element with a text.
pub(crate) fn text(xml: &mut Xml, name: &str, text: &str) -> Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&clean(text))).map(drop)
}

/// Writes an element with `attributes` and without content.
pub(crate) fn empty(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> Result<()> {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, clean(value))).collect();
    let attributes = attributes.iter().map(|(name, value)| (*name, value.as_ref()));
    xml.create_element(name).with_attributes(attributes).write_empty().map(drop)
}

/// Returns the text without the characters that XML cannot represent, even if escaped.
fn clean(text: &str) -> Cow<'_, str> {
    let is_forbidden = |letter: char| match letter {
        '\t' | '\n' | '\r' => false,
        letter => letter < ' ' || matches!(letter, '\u{fffe}' | '\u{ffff}'),
    };
    if text.contains(is_forbidden) { Cow::Owned(text.replace(is_forbidden, "")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped_and_forbidden_ones_removed() {
        let written = fragment(|xml| {
            text(xml, "a", "<b> & \u{1}\u{b}]]>")?;
            empty(xml, "c", &[("d", "\"<&\u{0}>\"")])
        });

        assert_eq!(written, "<a>&lt;b&gt; &amp; ]]&gt;</a><c d=\"&quot;&lt;&amp;&gt;&quot;\"/>");
    }
}
