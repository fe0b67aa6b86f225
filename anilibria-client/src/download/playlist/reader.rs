//! Reading a playlist line by line.

use std::{collections::HashMap, ops::Range};

use url::Url;

use super::{
    Master, Media, Piece, Playlist, Variant,
    keys::Keys,
    tags::{self, Attributes, ByteRange},
    variables::Variables,
};
use crate::download::{DownloadError, address::path_of};

/// Maximum number of segments in a playlist: more than a day at the usual six seconds.
pub(in crate::download) const MAX_SEGMENTS: usize = 20_000;

/// Codecs of audio and subtitles, by the part before the first dot.
const CODECS_WITHOUT_PICTURE: [&str; 13] =
    ["mp4a", "ac-3", "ec-3", "ac-4", "opus", "flac", "alac", "mp3", "dtsc", "dtse", "dtsx", "wvtt", "stpp"];

/// The reason why a playlist is not read.
#[derive(Debug)]
pub(super) enum Fault {
    Bad(String),
    Unsupported(String),
}

impl Fault {
    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::Bad(reason.into())
    }

    pub(super) fn unsupported(feature: impl Into<String>) -> Self {
        Self::Unsupported(feature.into())
    }

    pub(super) fn at(self, url: &Url) -> DownloadError {
        let path = path_of(url);
        match self {
            Self::Bad(reason) => DownloadError::Playlist { path, reason },
            Self::Unsupported(feature) => DownloadError::Unsupported { path, feature },
        }
    }
}

/// The state of reading one playlist.
pub(super) struct Reader<'a> {
    url: &'a Url,
    /// Variables of the master playlist.
    imports: Option<&'a Variables>,
    variables: Variables,
    /// A `#EXT-X-STREAM-INF` or `#EXTINF` that waits for its address.
    pending: Option<Pending>,
    addresses: usize,

    variants: Vec<Variant>,
    /// Audio groups, with true for those that have a rendition inside of the variants.
    audio_groups: HashMap<String, bool>,

    pieces: Vec<Piece>,
    keys: Keys,
    /// The initialisation segment.
    map: Option<Piece>,
    /// Number of the next segment, as in its initialisation vector.
    number: u128,
    /// Byte range of the next segment.
    range: Option<ByteRange>,
    /// File and end of the last byte range, which the next one may follow.
    last_range: Option<(Url, u64)>,
    has_end: bool,
}

enum Pending {
    Variant(VariantAttributes),
    Segment,
}

struct VariantAttributes {
    bandwidth: u64,
    height: Option<u64>,
    is_audio_only: bool,
    audio_group: Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(url: &'a Url, imports: Option<&'a Variables>) -> Self {
        Self {
            url,
            imports,
            variables: Variables::default(),
            pending: None,
            addresses: 0,
            variants: Vec::new(),
            audio_groups: HashMap::new(),
            pieces: Vec::new(),
            keys: Keys::default(),
            map: None,
            number: 0,
            range: None,
            last_range: None,
            has_end: false,
        }
    }

    pub(super) fn read(mut self, body: &[u8]) -> Result<Playlist, Fault> {
        let text = std::str::from_utf8(body).map_err(|_| Fault::invalid("it is not text in UTF-8"))?;
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let mut lines = lines.filter(|line| !line.is_empty());
        if lines.next() != Some("#EXTM3U") {
            return Err(Fault::invalid("it does not begin with #EXTM3U"));
        }
        for line in lines {
            if line.starts_with('#') {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                self.tag(name.trim_end(), value.trim())?;
            } else {
                self.address(line)?;
            }
        }
        self.finish()
    }

    fn tag(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        let unreadable = || Fault::invalid(format!("{name} cannot be read"));
        let attributes = || Attributes::parse(value).ok_or_else(unreadable);
        match name {
            "#EXTINF" if tags::is_duration(value) => self.expect_address(Pending::Segment)?,
            "#EXTINF" => return Err(unreadable()),
            "#EXT-X-STREAM-INF" => {
                let variant = variant(&attributes()?).ok_or_else(unreadable)?;
                self.expect_address(Pending::Variant(variant))?;
            }
            "#EXT-X-MEDIA" => self.rendition(&attributes()?),
            "#EXT-X-DEFINE" => {
                self.variables.define(&attributes()?, self.url, self.imports).map_err(Fault::Bad)?;
            }
            "#EXT-X-KEY" => {
                let (url, variables) = (self.url, &mut self.variables);
                self.keys.change(&attributes()?, |address| resolve(url, variables, address))?;
            }
            "#EXT-X-MAP" => self.map(&attributes()?)?,
            "#EXT-X-BYTERANGE" => self.range = Some(tags::byte_range(value).ok_or_else(unreadable)?),
            "#EXT-X-MEDIA-SEQUENCE" if self.addresses == 0 => {
                self.number = tags::number(value).ok_or_else(unreadable)?.into();
            }
            "#EXT-X-MEDIA-SEQUENCE" => {
                return Err(Fault::invalid("#EXT-X-MEDIA-SEQUENCE is behind a segment"));
            }
            "#EXT-X-ENDLIST" => self.has_end = true,
            "#EXT-X-GAP" => return Err(Fault::unsupported("#EXT-X-GAP (a segment is missing)")),
            "#EXT-X-SKIP" => return Err(Fault::unsupported("#EXT-X-SKIP (segments are left out)")),
            "#EXT-X-I-FRAMES-ONLY" => {
                return Err(Fault::unsupported("#EXT-X-I-FRAMES-ONLY (still pictures)"));
            }
            _ => {}
        }
        Ok(())
    }

    fn expect_address(&mut self, pending: Pending) -> Result<(), Fault> {
        match self.pending.replace(pending) {
            Some(earlier) => Err(without_address(&earlier)),
            None => Ok(()),
        }
    }

    fn address(&mut self, address: &str) -> Result<(), Fault> {
        self.addresses += 1;
        if self.addresses > MAX_SEGMENTS {
            return Err(Fault::invalid(format!("it has more than {MAX_SEGMENTS} segments")));
        }
        let url = resolve(self.url, &mut self.variables, address)?;
        match self.pending.take() {
            Some(Pending::Segment) => self.segment(url),
            Some(Pending::Variant(VariantAttributes { bandwidth, height, is_audio_only, audio_group })) => {
                self.variants.push(Variant { url, bandwidth, height, is_audio_only, audio_group });
                Ok(())
            }
            None => Err(Fault::invalid("an address follows neither #EXTINF nor #EXT-X-STREAM-INF")),
        }
    }

    fn segment(&mut self, url: Url) -> Result<(), Fault> {
        let range = self.range.take().map(|range| self.bytes(&url, range)).transpose()?;
        self.last_range = range.as_ref().map(|range| (url.clone(), range.end));
        self.pieces.push(Piece { url, range, cipher: self.keys.of_segment(self.number)? });
        self.number += 1;
        Ok(())
    }

    /// Reads `#EXT-X-MAP`. A second initialisation segment that differs from the first would need a separate file.
    fn map(&mut self, attributes: &Attributes<'_>) -> Result<(), Fault> {
        let address = attributes.get("URI").ok_or_else(|| Fault::invalid("#EXT-X-MAP has no URI"))?;
        let url = resolve(self.url, &mut self.variables, address)?;
        let unreadable = || Fault::invalid("the BYTERANGE of #EXT-X-MAP cannot be read");
        let range = attributes.get("BYTERANGE").map(|range| tags::byte_range(range).ok_or_else(unreadable));
        let range = range.transpose()?.map(|range| self.bytes(&url, range)).transpose()?;
        let map = Piece { url, range, cipher: self.keys.of_map()? };
        match &self.map {
            Some(present) if *present == map => Ok(()),
            None if self.pieces.is_empty() => {
                self.pieces.push(map.clone());
                self.map = Some(map);
                Ok(())
            }
            _ => Err(Fault::unsupported("a stream that changes its #EXT-X-MAP")),
        }
    }

    fn bytes(&self, url: &Url, range: ByteRange) -> Result<Range<u64>, Fault> {
        let follows = || self.last_range.as_ref().filter(|(last, _)| last == url).map(|(_, end)| *end);
        let start = range.offset.or_else(follows);
        let start = start.ok_or_else(|| Fault::invalid("a byte range has no offset and follows no other"))?;
        let end = start.checked_add(range.length).filter(|&end| end > start);
        end.map(|end| start..end).ok_or_else(|| Fault::invalid("a byte range is empty or too long"))
    }

    /// Reads `#EXT-X-MEDIA`. A rendition without URI is a part of the variants that name its group.
    fn rendition(&mut self, attributes: &Attributes<'_>) {
        if attributes.get("TYPE") == Some("AUDIO") {
            let group = attributes.get("GROUP-ID").unwrap_or_default().to_owned();
            *self.audio_groups.entry(group).or_default() |= attributes.get("URI").is_none();
        }
    }

    fn finish(self) -> Result<Playlist, Fault> {
        if let Some(pending) = &self.pending {
            return Err(without_address(pending));
        }
        match (self.variants.is_empty(), self.pieces.is_empty()) {
            (true, true) => Err(Fault::invalid("it has no segments")),
            (false, false) => Err(Fault::invalid("it has both #EXT-X-STREAM-INF and #EXTINF")),
            (false, true) => {
                let Self { variants, audio_groups, variables, .. } = self;
                Ok(Playlist::Master(Master { variants, audio_groups, variables }))
            }
            (true, false) if !self.has_end => {
                Err(Fault::unsupported("a live stream (there is no #EXT-X-ENDLIST)"))
            }
            (true, false) => Ok(Playlist::Media(Media { pieces: self.pieces, keys: self.keys.urls })),
        }
    }
}

/// Reads the attributes of `#EXT-X-STREAM-INF`.
fn variant(attributes: &Attributes<'_>) -> Option<VariantAttributes> {
    let height = match attributes.get("RESOLUTION") {
        Some(resolution) => Some(tags::height(resolution)?),
        None => None,
    };
    let has_no_picture = |codec: &str| {
        let family = codec.trim().split('.').next().unwrap_or_default();
        CODECS_WITHOUT_PICTURE.iter().any(|known| family.eq_ignore_ascii_case(known))
    };
    let is_audio = attributes.get("CODECS").is_some_and(|codecs| codecs.split(',').all(has_no_picture));
    Some(VariantAttributes {
        bandwidth: tags::number(attributes.get("BANDWIDTH")?)?,
        height,
        is_audio_only: is_audio && height.is_none(),
        audio_group: attributes.get("AUDIO").map(str::to_owned),
    })
}

/// Makes a URL of an address in the playlist at `url`.
fn resolve(url: &Url, variables: &mut Variables, address: &str) -> Result<Url, Fault> {
    let address = variables.expand(address).map_err(Fault::Bad)?;
    let resolved =
        url.join(&address).map_err(|error| Fault::invalid(format!("an address is no URL: {error}")))?;
    match resolved.scheme() {
        "http" | "https" => Ok(resolved),
        _ => Err(Fault::invalid("an address is neither http nor https")),
    }
}

fn without_address(pending: &Pending) -> Fault {
    let tag = match pending {
        Pending::Segment => "#EXTINF",
        Pending::Variant(_) => "#EXT-X-STREAM-INF",
    };
    Fault::invalid(format!("{tag} has no address"))
}
