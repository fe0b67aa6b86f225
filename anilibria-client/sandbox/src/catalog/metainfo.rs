//! Torrent files: bencoded metainfo whose info hash is the one the catalog tells.

use crate::chance;

/// The most pieces a torrent has. Few and long ones, as nobody ever downloads them and all are hashed at the start.
const MAX_PIECES: u64 = 32;
/// The shortest piece, in bytes.
const MIN_PIECE: u64 = 256 * 1024;
/// The length of a piece's hash, in bytes.
const HASH: u64 = 20;

/// Where peers find each other, besides the service's own tracker.
const RETRACKER: &str = "http://retracker.local/announce";

/// The part of a torrent file that the info hash is made over: one file with hashes of pieces that do not exist.
#[derive(Debug)]
pub(crate) struct Info(Vec<u8>);

impl Info {
    /// Makes the info of the torrent at `place` of the release with this seed: a file of `size` bytes.
    pub(super) fn new(seed: u64, place: usize, label: &str, size: u64) -> Self {
        let mut piece = MIN_PIECE;
        while size.div_ceil(piece) > MAX_PIECES {
            piece *= 2;
        }
        let length = usize::try_from(size.div_ceil(piece) * HASH).unwrap_or(0);
        let mut pieces = vec![0; length];
        chance::stream(seed, "torrent pieces", place as u64).fill(&mut pieces);
        let mut info = Dictionary::new();
        info.integer("length", size);
        info.bytes("name", format!("{label}.mkv").as_bytes());
        info.integer("piece length", piece);
        info.bytes("pieces", &pieces);
        Self(info.finish())
    }

    /// The info hash.
    pub(super) fn hash(&self) -> [u8; 20] {
        sha1_smol::Sha1::from(&self.0).digest().bytes()
    }

    /// The whole file; with a passkey its announcements are those of one user.
    pub(crate) fn file(&self, comment: &str, created_at: i64, passkey: Option<&str>) -> Vec<u8> {
        let tracker = match passkey {
            Some(passkey) => format!("http://tr.libria.fun:2710/{passkey}/announce"),
            None => "http://tr.libria.fun:2710/announce".to_owned(),
        };
        let mut file = Dictionary::new();
        file.bytes("announce", tracker.as_bytes());
        // A list of tiers, each of them a list of trackers.
        let tiers = [tracker.as_str(), RETRACKER].map(|tracker| format!("l{}:{tracker}e", tracker.len()));
        file.raw("announce-list", format!("l{}e", tiers.concat()).as_bytes());
        file.bytes("comment", comment.as_bytes());
        file.integer("creation date", u64::try_from(created_at).unwrap_or(0));
        file.raw("info", &self.0);
        file.finish()
    }
}

/// A bencoded dictionary; its keys have to come in order.
struct Dictionary(Vec<u8>);

impl Dictionary {
    fn new() -> Self {
        Self(vec![b'd'])
    }

    fn bytes(&mut self, key: &str, value: &[u8]) {
        self.key(key);
        self.string(value);
    }

    fn integer(&mut self, key: &str, value: u64) {
        self.raw(key, format!("i{value}e").as_bytes());
    }

    /// Adds a value that is bencoded already.
    fn raw(&mut self, key: &str, value: &[u8]) {
        self.key(key);
        self.0.extend_from_slice(value);
    }

    fn key(&mut self, key: &str) {
        self.string(key.as_bytes());
    }

    fn string(&mut self, value: &[u8]) {
        self.0.extend_from_slice(value.len().to_string().as_bytes());
        self.0.push(b':');
        self.0.extend_from_slice(value);
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.push(b'e');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_are_bencoded() {
        let mut dictionary = Dictionary::new();

        dictionary.bytes("cow", b"moo");
        dictionary.integer("eggs", 12);
        dictionary.raw("list", b"l1:ae");

        assert_eq!(dictionary.finish(), b"d3:cow3:moo4:eggsi12e4:listl1:aee");
    }
}
