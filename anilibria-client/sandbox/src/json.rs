//! JSON text in the notation of Laravel: `\/` for slashes and `\uXXXX` for characters beyond ASCII.

use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Serialises `value` in the notation of the live service.
///
/// The escapes matter for tests: a reader that borrows strings from the text works with unescaped text and fails on the
/// live service.
pub(crate) fn laravel(value: &Value) -> Bytes {
    let mut text = Vec::with_capacity(4096);
    let mut serializer = Serializer::with_formatter(&mut text, Laravel(CompactFormatter));
    // Serialising a JSON value into memory cannot fail.
    let _ = value.serialize(&mut serializer);
    text.into()
}

struct Laravel(CompactFormatter);

impl Formatter for Laravel {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut units = [0_u16; 2];
        for character in fragment.chars() {
            match character {
                '/' => writer.write_all(b"\\/")?,
                '\0'..='\u{7f}' => {
                    self.0.write_string_fragment(writer, character.encode_utf8(&mut [0; 4]))?;
                }
                _ => {
                    for unit in character.encode_utf16(&mut units) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::laravel;

    #[test]
    fn text_is_escaped_like_by_the_service_and_round_trips() {
        let value = json!({"name": "Ёж ★ 😀", "path": "/a/b", "text": "line\r\n\"quoted\""});

        let text = laravel(&value);

        assert_eq!(
            std::str::from_utf8(&text).unwrap(),
            r#"{"name":"\u0401\u0436 \u2605 \ud83d\ude00","path":"\/a\/b","text":"line\r\n\"quoted\""}"#
        );
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), value);
    }
}
