//! HLS streams below `/videos`: playlists, and small segments in MPEG-TS format with random content.
//!
//! Streams of releases whose id ends with 0 are encrypted with AES-128. The 720p playlist contains the initialisation
//! vectors; in the others they follow from the segment numbers. Plain segments of these streams exist as well, for
//! comparison.
//!
//! | path below `/videos/media/ts/{release}/{ordinal}` | content |
//! | --- | --- |
//! | `/master.m3u8` | all qualities of the episode |
//! | `/{quality}/{hash}.m3u8` | the stream, as the episode links to it |
//! | `/{quality}/{number}.ts` | a segment |
//! | `/{quality}/{number}.ts.enc`, `/{quality}/key.bin` | an encrypted segment and its key |

use std::fmt::Write as _;
use std::ops::Range;

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use bytes::Bytes;
use fastrand::Rng;
use http::{Method, StatusCode};

use super::problem::Problem;
use super::random;
use super::reply::Reply;
use super::state::SandboxState;

/// Path prefix of all streams.
pub(crate) const VIDEOS: &str = "/videos/";

const PLAYLIST_TYPE: &str = "application/vnd.apple.mpegurl";
/// Number of the first segment. It is not 0, so that readers that count from 0 fail.
const FIRST_SEGMENT: u32 = 1;
/// First byte of each packet of a transport stream; the next constant is the packet length in bytes.
const SYNC_BYTE: u8 = 0x47;
const PACKET_BYTES: usize = 188;
/// Packet id of the video stream.
const VIDEO_PID: u16 = 0x100;

/// Returns the file at `path`.
pub(crate) fn respond(state: &SandboxState, method: &Method, path: &str) -> Reply {
    if method != Method::GET && method != Method::HEAD {
        return Problem::method_not_allowed(method, &[Method::GET]).into();
    }
    file(state, path).unwrap_or_else(|| Problem::not_found(format!("File not found: {path}.")).into())
}

fn file(state: &SandboxState, path: &str) -> Option<Reply> {
    let parts: Vec<_> = path.strip_prefix("/videos/media/ts/")?.split('/').collect();
    let (release, ordinal, rest) = match parts.as_slice() {
        [release, ordinal, rest @ ..] => (release.parse().ok()?, *ordinal, rest),
        _ => return None,
    };
    let hashes = hashes(state, release, ordinal)?;
    match rest {
        ["master.m3u8"] => Some(playlist(master(&hashes))),
        [quality, file] => {
            let (quality, hash) = hashes.into_iter().find(|(known, _)| known.to_string() == *quality)?;
            Stream { release, ordinal, quality, hash }.file(file)
        }
        _ => None,
    }
}

/// Returns the qualities of the episode, with the hash in the URL of each.
fn hashes(state: &SandboxState, release: u32, ordinal: &str) -> Option<Vec<(u32, String)>> {
    let catalog = state.catalog();
    let release = catalog.release(release)?;
    let place = release.episodes.iter().position(|episode| episode.ordinal() == ordinal)?;
    let streams = [480, 720, 1080].into_iter().zip(release.episode_details(place).streams);
    Some(streams.filter_map(|(quality, hash)| Some((quality, hash?))).collect())
}

fn master(hashes: &[(u32, String)]) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:3\n".to_owned();
    for (quality, hash) in hashes {
        let (bandwidth, width) = (quality * 4000, quality * 16 / 9);
        // Writing into a string cannot fail.
        let _ = writeln!(text, "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},RESOLUTION={width}x{quality}");
        let _ = writeln!(text, "{quality}/{hash}.m3u8");
    }
    text
}

/// A stream of an episode in one quality.
struct Stream<'a> {
    release: u32,
    ordinal: &'a str,
    quality: u32,
    hash: String,
}

impl Stream<'_> {
    fn file(&self, name: &str) -> Option<Reply> {
        if name.strip_suffix(".m3u8") == Some(&self.hash) {
            return Some(playlist(self.playlist()));
        }
        if name == "key.bin" && self.is_encrypted() {
            return Some(binary(self.key().to_vec()));
        }
        if let Some(number) = name.strip_suffix(".ts.enc").filter(|_| self.is_encrypted()) {
            return self.segment(number).map(|(number, plain)| binary(self.encrypt(number, &plain)));
        }
        let (_, plain) = self.segment(name.strip_suffix(".ts")?)?;
        Some(Reply::new(StatusCode::OK, "video/mp2t", plain.into()))
    }

    fn is_encrypted(&self) -> bool {
        self.release.is_multiple_of(10)
    }

    /// Numbers of the 4 to 8 segments.
    fn numbers(&self) -> Range<u32> {
        let count = self.rng("segments", 0).u32(4..=8);
        FIRST_SEGMENT..FIRST_SEGMENT.saturating_add(count)
    }

    fn playlist(&self) -> String {
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:{FIRST_SEGMENT}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        );
        let suffix = if self.is_encrypted() { ".ts.enc" } else { ".ts" };
        for number in self.numbers() {
            match (self.is_encrypted(), self.has_explicit_iv()) {
                (true, true) => {
                    let iv = u128::from_be_bytes(self.iv(number));
                    let _ = writeln!(text, "#EXT-X-KEY:METHOD=AES-128,URI=\"key.bin\",IV=0x{iv:032X}");
                }
                (true, false) if number == FIRST_SEGMENT => {
                    text.push_str("#EXT-X-KEY:METHOD=AES-128,URI=\"key.bin\"\n");
                }
                _ => {}
            }
            let _ = write!(text, "#EXTINF:6.000000,\n{number}{suffix}\n");
        }
        text.push_str("#EXT-X-ENDLIST\n");
        text
    }

    /// Returns the segment `number` without encryption.
    fn segment(&self, number: &str) -> Option<(u32, Vec<u8>)> {
        let known = self.numbers().find(|known| known.to_string() == number)?;
        let rng = &mut self.rng("payload", known);
        let packets = rng.u8(8..24);
        Some((known, (0..packets).flat_map(|counter| packet(counter, rng)).collect()))
    }

    fn encrypt(&self, number: u32, plain: &[u8]) -> Vec<u8> {
        let (key, iv) = (self.key(), self.iv(number));
        cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain)
    }

    fn key(&self) -> [u8; 16] {
        self.rng("key", 0).u128(..).to_be_bytes()
    }

    fn has_explicit_iv(&self) -> bool {
        self.quality == 720
    }

    fn iv(&self, number: u32) -> [u8; 16] {
        let iv = if self.has_explicit_iv() { self.rng("iv", number).u128(..) } else { u128::from(number) };
        iv.to_be_bytes()
    }

    /// Random generator for this stream.
    fn rng(&self, what: &str, number: u32) -> Rng {
        let Self { ordinal, quality, .. } = self;
        random::stream(u64::from(self.release), &format!("hls {ordinal} {quality} {what}"), u64::from(number))
    }
}

/// Creates a packet of a transport stream: a header and a random payload.
fn packet(counter: u8, rng: &mut Rng) -> [u8; PACKET_BYTES] {
    let [pid_high, pid_low] = VIDEO_PID.to_be_bytes();
    let mut packet = [0; PACKET_BYTES];
    rng.fill(&mut packet);
    // Payload only, no adaptation field. The continuity counter has four bits.
    packet[..4].copy_from_slice(&[SYNC_BYTE, pid_high, pid_low, 0x10 | (counter & 0x0f)]);
    packet
}

fn playlist(text: String) -> Reply {
    Reply::new(StatusCode::OK, PLAYLIST_TYPE, text.into())
}

fn binary(bytes: Vec<u8>) -> Reply {
    Reply::new(StatusCode::OK, "application/octet-stream", Bytes::from(bytes))
}
