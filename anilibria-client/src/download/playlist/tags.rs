//! The values of tags. Stray spaces, empty attributes and trailing commas are accepted: published playlists have them.

/// The value of `#EXT-X-BYTERANGE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteRange {
    pub(super) length: u64,
    /// First byte; `None` if the range follows the one before it.
    pub(super) offset: Option<u64>,
}

/// Returns true for a number of seconds from zero to a day, with an optional title after a comma.
pub(super) fn is_duration(value: &str) -> bool {
    const DAY: f64 = 86_400.0;
    let seconds = value.split(',').next().unwrap_or_default().trim();
    seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && seconds.parse::<f64>().is_ok_and(|seconds| (0.0..=DAY).contains(&seconds))
}

/// Parses a number without sign.
pub(super) fn number(value: &str) -> Option<u64> {
    let digits = value.trim();
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Parses `LENGTH` or `LENGTH@OFFSET`.
pub(super) fn byte_range(value: &str) -> Option<ByteRange> {
    let (length, offset) = match value.split_once('@') {
        Some((length, offset)) => (length, Some(number(offset)?)),
        None => (value, None),
    };
    Some(ByteRange { length: number(length)?, offset })
}

/// Parses `WIDTHxHEIGHT` and returns the height.
pub(super) fn height(value: &str) -> Option<u64> {
    let (width, height) = value.split_once(['x', 'X'])?;
    number(width).and(number(height))
}

/// Parses up to 32 hexadecimal digits after `0x`.
pub(super) fn initialisation_vector(value: &str) -> Option<[u8; 16]> {
    let digits = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X"))?;
    let is_plain = digits.len() <= 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_plain.then(|| u128::from_str_radix(digits, 16).ok()).flatten().map(u128::to_be_bytes)
}

/// The attributes of a tag: `NAME=value` or `NAME="value"`, separated by commas.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attributes<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Attributes<'t> {
    /// Parses an attribute list; `None` if any part of it is not an attribute.
    pub(super) fn parse(list: &'t str) -> Option<Self> {
        let separators = |symbol: char| symbol == ',' || symbol.is_whitespace();
        let mut attributes = Vec::new();
        let mut rest = list.trim_start_matches(separators);
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = match after.trim_start().strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            let (name, value, after) = (name.trim(), value.trim(), after.trim_start());
            if !is_name(name) || value.contains('"') || !(after.is_empty() || after.starts_with(',')) {
                return None;
            }
            attributes.push((name, value));
            rest = after.trim_start_matches(separators);
        }
        Some(Self(attributes))
    }

    /// Returns the value of an attribute; `None` if it is missing or empty.
    pub(super) fn get(&self, name: &str) -> Option<&'t str> {
        let value = self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        value.filter(|value| !value.is_empty())
    }
}

fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_with_stray_spaces_and_commas() {
        let list = r#" METHOD=AES-128, URI = "a,b=c" ,IV=0x1,NAME="",, EMPTY= ,"#;

        let attributes = Attributes::parse(list).unwrap();

        assert_eq!(attributes.get("METHOD"), Some("AES-128"));
        assert_eq!(attributes.get("URI"), Some("a,b=c"));
        assert_eq!(attributes.get("IV"), Some("0x1"));
        assert_eq!(
            (attributes.get("NAME"), attributes.get("EMPTY"), attributes.get("NONE")),
            (None, None, None)
        );
    }

    #[test]
    fn broken_attribute_lists_are_not_read() {
        for list in [
            "METHOD",
            "METHOD=AES-128,URI=\"key",
            "METHOD=AES-128,junk",
            "METHOD=AES-128,junk,URI=\"key\"",
            "URI=\"a\"b",
            "URI=a\"b",
            "uri=a",
            "=a",
        ] {
            assert_eq!(Attributes::parse(list), None, "{list}");
        }
    }

    #[test]
    fn durations_are_numbers_of_seconds_up_to_a_day() {
        for value in ["4", "4.000,", " 4.000 , title, more", "0", "86400"] {
            assert!(is_duration(value.trim()), "{value}");
        }
        for value in ["", ",", "-4,", "NaN,", "1e300,", "99999999,"] {
            assert!(!is_duration(value), "{value}");
        }
    }

    #[test]
    fn numbers_and_ranges_do_not_overflow() {
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for value in ["", "1.5", "-1", "+1", "99999999999999999999"] {
            assert_eq!(number(value), None, "{value}");
        }
        assert_eq!(byte_range("10 @ 5"), Some(ByteRange { length: 10, offset: Some(5) }));
        assert_eq!(byte_range("10"), Some(ByteRange { length: 10, offset: None }));
        assert_eq!(
            (byte_range("10@"), byte_range("@1"), byte_range("99999999999999999999")),
            (None, None, None)
        );
        assert_eq!((height("1280x720"), height("1280"), height("x")), (Some(720), None, None));
    }
}
