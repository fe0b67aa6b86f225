//! From the bytes of a playlist to what has to be fetched, piece by piece.

use std::{collections::HashMap, ops::Range};

use m3u8_rs::{AlternativeMedia, ByteRange, Key, KeyMethod, MasterPlaylist, MediaPlaylist, MediaSegment};
use url::Url;

use super::{DownloadError, address::path_of, screen::screen};

/// The most segments that a playlist may have: a day and more, at the usual six seconds.
pub(super) const MAX_SEGMENTS: usize = 20_000;

/// A playlist that can be downloaded, or leads to such.
#[derive(Debug)]
pub(super) enum Playlist {
    /// A choice of streams.
    Master(Vec<Variant>),
    /// One stream.
    Media(Media),
}

/// One stream of a master playlist.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    pub(super) url: Url,
    /// Bits a second.
    pub(super) bandwidth: u64,
    /// The height of the picture in lines, when it is told.
    pub(super) height: Option<u64>,
    /// Whether its sound is a stream of its own.
    separate_audio: bool,
}

/// One stream, from its beginning to its end.
#[derive(Debug)]
pub(super) struct Media {
    /// What makes up the file, in order.
    pub(super) pieces: Vec<Piece>,
    /// Where the keys are that the pieces refer to by number.
    pub(super) keys: Vec<Url>,
}

/// A segment, or the part that all segments need before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) url: Url,
    /// The bytes that are wanted of what is there; `None` for all.
    pub(super) range: Option<Range<u64>>,
    pub(super) cipher: Option<Cipher>,
}

/// How a piece is encrypted: AES-128 in CBC mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cipher {
    /// The number of the key among the keys of the stream.
    pub(super) key: usize,
    pub(super) iv: [u8; 16],
}

/// Reads a playlist that was found at `url`.
pub(super) fn parse(url: &Url, body: &[u8]) -> Result<Playlist, DownloadError> {
    let reader = Reader { url };
    let screened = screen(body, MAX_SEGMENTS).map_err(|reason| reader.bad(reason))?;
    if screened.addresses == 0 {
        return Err(reader.bad("it has no segments"));
    }
    let unreadable = || reader.bad("its tags contradict each other");
    let (rest, playlist) = m3u8_rs::parse_playlist(screened.text.as_bytes()).map_err(|_| unreadable())?;
    let addresses = match &playlist {
        m3u8_rs::Playlist::MasterPlaylist(master) => master.variants.len(),
        m3u8_rs::Playlist::MediaPlaylist(media) => media.segments.len(),
    };
    if addresses != screened.addresses || !rest.trim_ascii().is_empty() {
        return Err(unreadable());
    }
    match playlist {
        m3u8_rs::Playlist::MasterPlaylist(master) => reader.master(&master).map(Playlist::Master),
        m3u8_rs::Playlist::MediaPlaylist(media) => reader.media(&media).map(Playlist::Media),
    }
}

/// The best stream whose picture is not higher than `max_height`; the smallest one if all are.
pub(super) fn choose(url: &Url, variants: &[Variant], max_height: u64) -> Result<Url, DownloadError> {
    let reader = Reader { url };
    let fits = |variant: &&Variant| variant.height.is_none_or(|height| height <= max_height);
    let best = variants.iter().filter(fits).max_by_key(|variant| (variant.height, variant.bandwidth));
    let smallest = || variants.iter().min_by_key(|variant| (variant.height, variant.bandwidth));
    let chosen = best.or_else(smallest).ok_or_else(|| reader.bad("it has no streams"))?;
    if chosen.separate_audio {
        return Err(reader.unsupported("sound in a stream of its own"));
    }
    Ok(chosen.url.clone())
}

/// Reads the parts of one playlist.
struct Reader<'a> {
    url: &'a Url,
}

impl Reader<'_> {
    fn master(&self, master: &MasterPlaylist) -> Result<Vec<Variant>, DownloadError> {
        let separate = |group: &str| {
            let in_group = |media: &&AlternativeMedia| media.group_id == group;
            master.alternatives.iter().filter(in_group).any(|media| media.uri.is_some())
        };
        let variant = |variant: &m3u8_rs::VariantStream| {
            Ok(Variant {
                url: self.resolve(&variant.uri)?,
                bandwidth: variant.bandwidth,
                height: variant.resolution.map(|resolution| resolution.height),
                separate_audio: variant.audio.as_deref().is_some_and(separate),
            })
        };
        master.variants.iter().map(variant).collect()
    }

    fn media(&self, media: &MediaPlaylist) -> Result<Media, DownloadError> {
        if !media.end_list {
            return Err(self.unsupported("a live stream (there is no #EXT-X-ENDLIST)"));
        }
        if media.i_frames_only {
            return Err(self.unsupported("a stream of single pictures"));
        }
        let mut plan =
            Plan { reader: self, pieces: Vec::new(), keys: Keys::default(), head: None, next: None };
        for (number, segment) in (u128::from(media.media_sequence)..).zip(&media.segments) {
            plan.add(segment, number)?;
        }
        Ok(Media { pieces: plan.pieces, keys: plan.keys.urls })
    }

    /// An address in the playlist as a URL; relative ones count from the playlist.
    fn resolve(&self, address: &str) -> Result<Url, DownloadError> {
        let url =
            self.url.join(address).map_err(|error| self.bad(format!("an address is no URL: {error}")))?;
        match url.scheme() {
            "http" | "https" => Ok(url),
            _ => Err(self.bad("an address is neither http nor https")),
        }
    }

    fn bad(&self, reason: impl Into<String>) -> DownloadError {
        DownloadError::Playlist { path: path_of(self.url), reason: reason.into() }
    }

    fn unsupported(&self, feature: impl Into<String>) -> DownloadError {
        DownloadError::Unsupported { path: path_of(self.url), feature: feature.into() }
    }
}

/// The pieces so far, and what carries over from one segment to the next.
struct Plan<'a> {
    reader: &'a Reader<'a>,
    pieces: Vec<Piece>,
    keys: Keys,
    /// The part that all segments need before them.
    head: Option<Piece>,
    /// Where a byte range without a beginning begins: after the one before, in the same file.
    next: Option<(Url, u64)>,
}

impl Plan<'_> {
    fn add(&mut self, segment: &MediaSegment, number: u128) -> Result<(), DownloadError> {
        // The parser gives up a tag that it does not like, and keeps it as one of no meaning.
        let broken_key = segment.unknown_tags.iter().find(|tag| tag.tag == "X-KEY");
        match (broken_key, &segment.key) {
            (Some(tag), None) if tag.rest.as_deref().is_some_and(ends_encryption) => self.keys.current = None,
            (Some(_), _) => return Err(self.reader.bad("#EXT-X-KEY cannot be read")),
            (None, Some(key)) => self.keys.change(self.reader, key)?,
            (None, None) => {}
        }
        if let Some(map) = &segment.map {
            let url = self.reader.resolve(&map.uri)?;
            let range = map.byte_range.as_ref().map(|range| self.range(&url, range)).transpose()?;
            self.begin(Piece { url, range, cipher: None })?;
        }
        if self.head.is_some() && self.keys.current.is_some() {
            return Err(self.reader.unsupported("an encrypted stream with #EXT-X-MAP"));
        }
        let url = self.reader.resolve(&segment.uri)?;
        let range = segment.byte_range.as_ref().map(|range| self.range(&url, range)).transpose()?;
        self.next = range.as_ref().map(|range| (url.clone(), range.end));
        self.pieces.push(Piece { url, range, cipher: self.keys.cipher(number) });
        Ok(())
    }

    /// Puts `head` in front of the segments. A second one that differs would need a file of its own.
    fn begin(&mut self, head: Piece) -> Result<(), DownloadError> {
        match &self.head {
            Some(present) if *present == head => Ok(()),
            None if self.pieces.is_empty() => {
                self.pieces.push(head.clone());
                self.head = Some(head);
                Ok(())
            }
            _ => Err(self.reader.unsupported("a stream that changes its #EXT-X-MAP")),
        }
    }

    fn range(&self, url: &Url, range: &ByteRange) -> Result<Range<u64>, DownloadError> {
        let follows = || self.next.as_ref().filter(|(before, _)| before == url).map(|(_, end)| *end);
        let start = range.offset.or_else(follows);
        let start = start.ok_or_else(|| self.reader.bad("a byte range follows nothing"))?;
        let end = start.checked_add(range.length).filter(|&end| end > start);
        end.map(|end| start..end).ok_or_else(|| self.reader.bad("a byte range is empty or too long"))
    }
}

/// The keys of a stream, each once, and the one in force.
#[derive(Default)]
struct Keys {
    urls: Vec<Url>,
    numbers: HashMap<Url, usize>,
    /// The key, and the start value where the playlist gives one.
    current: Option<(usize, Option<[u8; 16]>)>,
}

impl Keys {
    fn change(&mut self, reader: &Reader<'_>, key: &Key) -> Result<(), DownloadError> {
        self.current = match &key.method {
            KeyMethod::None => None,
            KeyMethod::AES128 if key.keyformat.as_deref().is_none_or(|format| format == "identity") => {
                let address = key.uri.as_deref().ok_or_else(|| reader.bad("a key has no address"))?;
                let iv = key
                    .iv
                    .as_deref()
                    .map(|iv| read_iv(iv).ok_or_else(|| reader.bad("an IV is not 128 bits")));
                Some((self.number(reader.resolve(address)?), iv.transpose()?))
            }
            KeyMethod::AES128 => return Err(reader.unsupported("a key of another format than `identity`")),
            KeyMethod::SampleAES => return Err(reader.unsupported("encryption with SAMPLE-AES")),
            KeyMethod::Other(_) => return Err(reader.unsupported("an unknown encryption")),
        };
        Ok(())
    }

    fn number(&mut self, url: Url) -> usize {
        let next = self.urls.len();
        *self.numbers.entry(url.clone()).or_insert_with(|| {
            self.urls.push(url);
            next
        })
    }

    /// The cipher of the segment with that number in the stream; the number is the start value if none is given.
    fn cipher(&self, number: u128) -> Option<Cipher> {
        self.current.map(|(key, iv)| Cipher { key, iv: iv.unwrap_or_else(|| number.to_be_bytes()) })
    }
}

/// Whether the attributes are those of a key that says "no more encryption".
fn ends_encryption(attributes: &str) -> bool {
    attributes.split(',').any(|attribute| attribute.trim() == "METHOD=NONE")
}

/// Up to 32 hexadecimal digits after `0x`.
fn read_iv(text: &str) -> Option<[u8; 16]> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let plain = digits.len() <= 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| u128::from_str_radix(digits, 16).ok()).flatten().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests;
