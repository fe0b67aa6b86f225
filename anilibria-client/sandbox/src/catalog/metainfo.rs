//! Torrent files: bencoded metainfo. The info hash is the hash in the catalog.

use crate::random;

/// Maximum number of pieces. Few long pieces are enough: they are never downloaded, and all are hashed at the start.
const MAX_PIECES: u64 = 32;
/// Minimum length of a piece, in bytes.
const MIN_PIECE_BYTES: u64 = 256 * 1024;
/// Length of the hash of a piece, in bytes.
const HASH_BYTES: u64 = 20;

/// Second tracker, in addition to the tracker of the service.
const RETRACKER: &str = "http://retracker.local/announce";

/// Dictionary `info` of a torrent file, from which the info hash is computed. It contains one file with random piece hashes.
#[derive(Debug)]
pub(crate) struct Info(Vec<u8>);

impl Info {
    /// Creates the dictionary for the torrent at `place` of the release with this seed: a file of `size` bytes.
    pub(super) fn new(seed: u64, place: usize, label: &str, size: u64) -> Self {
        let mut piece = MIN_PIECE_BYTES;
        while size.div_ceil(piece) > MAX_PIECES {
            piece *= 2;
        }
        let length = usize::try_from(size.div_ceil(piece) * HASH_BYTES).unwrap_or(0);
        let mut pieces = vec![0; length];
        random::stream(seed, "torrent pieces", place as u64).fill(&mut pieces);
        let mut info = Dictionary::new();
        info.integer("length", size);
        info.bytes("name", format!("{label}.mkv").as_bytes());
        info.integer("piece length", piece);
        info.bytes("pieces", &pieces);
        Self(info.finish())
    }

    /// Info hash.
    pub(super) fn hash(&self) -> [u8; 20] {
        sha1_smol::Sha1::from(&self.0).digest().bytes()
    }

    /// Creates the torrent file. With a passkey, its announce URL is personal.
    pub(crate) fn file(&self, comment: &str, created_at: i64, passkey: Option<&str>) -> Vec<u8> {
        let tracker = match passkey {
            Some(passkey) => format!("http://tr.libria.fun:2710/{passkey}/announce"),
            None => "http://tr.libria.fun:2710/announce".to_owned(),
        };
        let mut file = Dictionary::new();
        file.bytes("announce", tracker.as_bytes());
        // A list of tiers. Each tier is a list of trackers.
        let tiers = [tracker.as_str(), RETRACKER].map(|tracker| format!("l{}:{tracker}e", tracker.len()));
        file.raw("announce-list", format!("l{}e", tiers.concat()).as_bytes());
        file.bytes("comment", comment.as_bytes());
        file.integer("creation date", u64::try_from(created_at).unwrap_or(0));
        file.raw("info", &self.0);
        file.finish()
    }
}

/// A bencoded dictionary. Keys must be added in order.
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

    /// Adds a bencoded value.
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
