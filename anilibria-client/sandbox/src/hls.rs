//! Streams below `/videos`: playlists and segments in the form of MPEG-TS, small and made up, with nothing to see in them.
//!
//! Streams of releases whose id ends with 0 are encrypted with AES-128; 720p tells the start values, the others leave
//! them to the numbers of the segments. Their plain segments are served as well, for comparison.
//!
//! | path below `/videos/media/ts/{release}/{ordinal}` | what it is |
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

use super::chance;
use super::problem::Problem;
use super::reply::Reply;
use super::world::World;

/// Below which path streams live.
pub(crate) const VIDEOS: &str = "/videos/";

const PLAYLIST_TYPE: &str = "application/vnd.apple.mpegurl";
/// The number of the first segment: not 0, so that a reader who counts from there is found out.
const FIRST: u32 = 1;
/// What every packet of a transport stream begins with, and how long it is.
const SYNC: u8 = 0x47;
const PACKET: usize = 188;
/// The packet id of the picture.
const VIDEO_PID: u16 = 0x100;

/// The file at `path`.
pub(crate) fn answer(world: &World, method: &Method, path: &str) -> Reply {
    if method != Method::GET && method != Method::HEAD {
        return Problem::method_not_allowed(method, &[Method::GET]).into();
    }
    file(world, path).unwrap_or_else(|| Problem::not_found(format!("There is no {path}.")).into())
}

fn file(world: &World, path: &str) -> Option<Reply> {
    let parts: Vec<_> = path.strip_prefix("/videos/media/ts/")?.split('/').collect();
    let (release, ordinal, rest) = match parts.as_slice() {
        [release, ordinal, rest @ ..] => (release.parse().ok()?, *ordinal, rest),
        _ => return None,
    };
    let hashes = hashes(world, release, ordinal)?;
    match rest {
        ["master.m3u8"] => Some(playlist(master(&hashes))),
        [quality, file] => {
            let (quality, hash) = hashes.into_iter().find(|(known, _)| known.to_string() == *quality)?;
            Stream { release, ordinal, quality, hash }.file(file)
        }
        _ => None,
    }
}

/// The qualities that the episode has, and the hash in the address of each.
fn hashes(world: &World, release: u32, ordinal: &str) -> Option<Vec<(u32, String)>> {
    let catalog = world.catalog();
    let release = catalog.release(release)?;
    let place = release.episodes.iter().position(|episode| episode.ordinal() == ordinal)?;
    let streams = [480, 720, 1080].into_iter().zip(release.episode_details(place).streams);
    Some(streams.filter_map(|(quality, hash)| Some((quality, hash?))).collect())
}

fn master(hashes: &[(u32, String)]) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:3\n".to_owned();
    for (quality, hash) in hashes {
        let (bandwidth, width) = (quality * 4000, quality * 16 / 9);
        // Writing into a string has no way to fail.
        let _ = writeln!(text, "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},RESOLUTION={width}x{quality}");
        let _ = writeln!(text, "{quality}/{hash}.m3u8");
    }
    text
}

/// One stream of one episode.
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

    /// The numbers of the segments, of which there are 4 to 8.
    fn numbers(&self) -> Range<u32> {
        let count = self.rng("segments", 0).u32(4..=8);
        FIRST..FIRST.saturating_add(count)
    }

    fn playlist(&self) -> String {
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:{FIRST}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        );
        let suffix = if self.is_encrypted() { ".ts.enc" } else { ".ts" };
        for number in self.numbers() {
            match (self.is_encrypted(), self.has_start_values()) {
                (true, true) => {
                    let iv = u128::from_be_bytes(self.iv(number));
                    let _ = writeln!(text, "#EXT-X-KEY:METHOD=AES-128,URI=\"key.bin\",IV=0x{iv:032X}");
                }
                (true, false) if number == FIRST => {
                    text.push_str("#EXT-X-KEY:METHOD=AES-128,URI=\"key.bin\"\n");
                }
                _ => {}
            }
            let _ = write!(text, "#EXTINF:6.000000,\n{number}{suffix}\n");
        }
        text.push_str("#EXT-X-ENDLIST\n");
        text
    }

    /// The segment with that number, plain.
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

    fn has_start_values(&self) -> bool {
        self.quality == 720
    }

    fn iv(&self, number: u32) -> [u8; 16] {
        let iv = if self.has_start_values() { self.rng("iv", number).u128(..) } else { u128::from(number) };
        iv.to_be_bytes()
    }

    /// Chance that belongs to this stream alone.
    fn rng(&self, what: &str, number: u32) -> Rng {
        let Self { ordinal, quality, .. } = self;
        chance::stream(u64::from(self.release), &format!("hls {ordinal} {quality} {what}"), u64::from(number))
    }
}

/// A packet of a transport stream: its head, and a payload that means nothing.
fn packet(counter: u8, rng: &mut Rng) -> [u8; PACKET] {
    let [pid_high, pid_low] = VIDEO_PID.to_be_bytes();
    let mut packet = [0; PACKET];
    rng.fill(&mut packet);
    // Payload only, no adaptation field; the counter has four bits.
    packet[..4].copy_from_slice(&[SYNC, pid_high, pid_low, 0x10 | (counter & 0x0f)]);
    packet
}

fn playlist(text: String) -> Reply {
    Reply::new(StatusCode::OK, PLAYLIST_TYPE, text.into())
}

fn binary(bytes: Vec<u8>) -> Reply {
    Reply::new(StatusCode::OK, "application/octet-stream", Bytes::from(bytes))
}
