//! Reading of list files.

mod json;
mod mal;
mod own;
mod shikimori;

use std::{borrow::Cow, io::Read, str};

use flate2::read::MultiGzDecoder;

use super::{
    document::ListDocument,
    error::{FilePosition, ReadError},
    format::Format,
};

/// Default maximum length of a file: twenty times the longest list that is known.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Default maximum number of entries. No service has as many titles.
const MAX_ENTRIES: usize = 50_000;

/// Reads list files. Each setter says its default.
///
/// ```
/// use anilibria_client::transfer::{ListReader, ReadError};
///
/// let file = br#"[{"target_title": "Bleach", "target_id": 269, "target_type": "Anime", "status": "watching"}]"#;
/// let document = ListReader::new().read(file).unwrap();
/// assert_eq!(document.entries[0].shikimori_id, Some(269));
///
/// let error = ListReader::new().read(b"<html><body>403</body></html>").unwrap_err();
/// assert!(matches!(error, ReadError::Foreign { .. }));
/// assert_eq!(error.to_string(), "not a list of a known format: a web page");
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until a file is read"]
pub struct ListReader {
    format: Option<Format>,
    max_bytes: usize,
    max_entries: usize,
}

impl Default for ListReader {
    fn default() -> Self {
        Self::new()
    }
}

impl ListReader {
    /// Creates a reader with default settings.
    pub fn new() -> Self {
        Self { format: None, max_bytes: MAX_BYTES, max_entries: MAX_ENTRIES }
    }

    /// Sets the format, so that a file of another one is refused. Default: detected by the content.
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the maximum length of a file, in bytes, packed or unpacked. Default: 16 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets the maximum number of entries. Default: 50,000.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.max_entries = entries;
        self
    }

    /// Reads a file. The file may be packed by gzip, as exports of MyAnimeList are.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the file is damaged, too large or something else. An entry that cannot be read refuses the whole
    /// file, so that no entry is lost unnoticed.
    pub fn read(&self, file: &[u8]) -> Result<ListDocument, ReadError> {
        if file.len() > self.max_bytes {
            return Err(ReadError::TooLarge { limit: self.max_bytes });
        }
        let file = unpacked(file, self.max_bytes)?;
        let text = text(&file)?;
        let format = detect(text)?;
        match self.format {
            Some(wanted) if wanted != format => {
                let found = format!("the format is `{format}`, while `{wanted}` is expected");
                return Err(ReadError::Foreign { found });
            }
            _ => {}
        }
        let entries = match format {
            Format::Json => own::read(text, self.max_entries),
            Format::Shikimori => shikimori::read(text, self.max_entries),
            Format::Mal => mal::read(text, self.max_entries),
        }?;
        Ok(ListDocument { entries })
    }
}

/// Returns the content of a gzip archive, or the file itself if the file is no such archive.
fn unpacked(file: &[u8], max_bytes: usize) -> Result<Cow<'_, [u8]>, ReadError> {
    if !file.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(file));
    }
    let mut content = Vec::new();
    // One byte more than the limit shows that there is more.
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    match MultiGzDecoder::new(file).take(limit).read_to_end(&mut content) {
        Ok(length) if length > max_bytes => Err(ReadError::TooLarge { limit: max_bytes }),
        Ok(_) => Ok(Cow::Owned(content)),
        Err(_) => Err(foreign("a damaged gzip archive")),
    }
}

/// Returns the file as text, without a byte order mark.
fn text(file: &[u8]) -> Result<&str, ReadError> {
    let archive = match file {
        [b'P', b'K', 3, 4, ..] => Some("a ZIP archive; unpack it first"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("text in UTF-16; save it as UTF-8"),
        _ => None,
    };
    if let Some(found) = archive {
        return Err(foreign(found));
    }
    let text = str::from_utf8(file).map_err(|error| {
        let valid = file.get(..error.valid_up_to()).unwrap_or_default();
        let position = FilePosition::at(&String::from_utf8_lossy(valid), usize::MAX);
        ReadError::Syntax { position, reason: "not valid UTF-8".to_owned() }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Returns the format that the first characters tell.
fn detect(text: &str) -> Result<Format, ReadError> {
    let start = text.trim_start();
    match start.bytes().next() {
        None => Err(ReadError::Empty),
        Some(b'[') => Ok(Format::Shikimori),
        Some(b'{') => Ok(Format::Json),
        Some(b'<') if is_web_page(start) => Err(foreign("a web page")),
        Some(b'<') => Ok(Format::Mal),
        Some(_) => Err(foreign("neither JSON nor XML")),
    }
}

fn is_web_page(start: &str) -> bool {
    let begins = |tag: &str| start.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    begins("<!doctype html") || begins("<html")
}

fn foreign(found: &str) -> ReadError {
    ReadError::Foreign { found: found.to_owned() }
}

/// Converts a score to the form of a document: zero is none.
fn score(score: u64) -> Result<Option<u8>, String> {
    match u8::try_from(score) {
        Ok(0) => Ok(None),
        Ok(score @ 1..=10) => Ok(Some(score)),
        _ => Err(format!("{score} is not from 0 to 10")),
    }
}

/// Returns a text unless it is empty.
fn non_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
