//! A parser of bencode, the format of torrent files, as far as the contents of a torrent require.
//!
//! `bt_bencode` 0.8 and `serde_bencode` 0.2 do not limit nesting: 200,000 nested lists in a torrent file overflow the stack and
//! abort the process. This parser refuses them.

use std::collections::BTreeMap;

/// Maximum nesting. The list of files in the description of a torrent is four levels deep.
const MAX_DEPTH: usize = 16;

/// A value of bencode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bencode<'b> {
    Number(i64),
    Bytes(&'b [u8]),
    List(Vec<Bencode<'b>>),
    Dictionary(BTreeMap<&'b [u8], Bencode<'b>>),
}

impl<'b> Bencode<'b> {
    /// Parses `bytes` as one value; `None` if they are malformed or longer than that value.
    pub(super) fn parse(bytes: &'b [u8]) -> Option<Self> {
        let mut parser = Parser { bytes };
        let value = parser.value(MAX_DEPTH)?;
        parser.bytes.is_empty().then_some(value)
    }

    /// Returns the value under `key` of a dictionary.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Dictionary(entries) => entries.get(key.as_bytes()),
            _ => None,
        }
    }

    /// Returns the value as text. Invalid UTF-8 is replaced.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }

    /// Returns the value as a number; `None` if it is negative.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => (*number).try_into().ok(),
            _ => None,
        }
    }

    /// Returns the elements of a list; an empty slice for any other value.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

struct Parser<'b> {
    bytes: &'b [u8],
}

impl<'b> Parser<'b> {
    fn value(&mut self, depth: usize) -> Option<Bencode<'b>> {
        let depth = depth.checked_sub(1)?;
        match self.bytes.first()? {
            b'i' => {
                self.skip(1)?;
                self.number_until(b'e').map(Bencode::Number)
            }
            b'l' => {
                let mut items = Vec::new();
                self.skip(1)?;
                while !self.at_end()? {
                    items.push(self.value(depth)?);
                }
                Some(Bencode::List(items))
            }
            b'd' => {
                let mut entries = BTreeMap::new();
                self.skip(1)?;
                while !self.at_end()? {
                    let key = self.string()?;
                    entries.insert(key, self.value(depth)?);
                }
                Some(Bencode::Dictionary(entries))
            }
            _ => self.string().map(Bencode::Bytes),
        }
    }

    fn string(&mut self) -> Option<&'b [u8]> {
        let len: usize = self.number_until(b':')?.try_into().ok()?;
        let (text, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(text)
    }

    /// Reads a number up to `end`, and skips `end`.
    fn number_until(&mut self, end: u8) -> Option<i64> {
        let len = self.bytes.iter().take(20).position(|byte| *byte == end)?;
        let (digits, _) = self.bytes.split_at_checked(len)?;
        self.skip(len + 1)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Returns `true` and skips the end marker if a list or a dictionary ends here.
    fn at_end(&mut self) -> Option<bool> {
        let is_end = *self.bytes.first()? == b'e';
        if is_end {
            self.skip(1)?;
        }
        Some(is_end)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.bytes = self.bytes.get(count..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_parsed() {
        let read = Bencode::parse(b"d4:infod6:lengthi42e4:name5:a.mkve4:listl1:a1:bee").unwrap();

        let info = read.get("info").unwrap();
        assert_eq!(info.get("length").unwrap().number(), Some(42));
        assert_eq!(info.get("name").unwrap().text().as_deref(), Some("a.mkv"));
        assert_eq!(read.get("list").unwrap().items(), [Bencode::Bytes(b"a"), Bencode::Bytes(b"b")]);
        assert_eq!(Bencode::parse(b"i-7e"), Some(Bencode::Number(-7)));
    }

    #[test]
    fn malformed_bytes_are_refused() {
        for bytes in
            [&b""[..], b"i4", b"5:abc", b"l1:a", b"d1:a", b"x", b"i4ei5e", b"99999999999999999999:a", b"-1:a"]
        {
            assert_eq!(Bencode::parse(bytes), None, "{bytes:?}");
        }
        assert_eq!(Bencode::parse(&b"l".repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn parsing_any_bytes_does_not_panic(bytes: Vec<u8>) {
            let _ = Bencode::parse(&bytes);
        }
    }
}
