//! Text in XML documents.

/// Escapes `text` for use between tags and in attributes with double quotes.
///
/// ```
/// use anilibria_sandbox::xml::escape;
///
/// assert_eq!(escape("Tom & Jerry"), "Tom &amp; Jerry");
/// ```
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(escape(r#"<a b="c">&"#), "&lt;a b=&quot;c&quot;&gt;&amp;");
    }
}
