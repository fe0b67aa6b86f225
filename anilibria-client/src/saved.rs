//! State that a program saves before a restart: bytes with a header and a checksum.
//!
//! [`Cursor`](crate::watch::Cursor) and, with the feature `reflector`, the catalog can be saved in this way.

use serde::{Serialize, de::DeserializeOwned};

/// Length of the header: kind of state (4 bytes), version (2), length of the rest (8) and its checksum (4).
const HEADER: usize = 18;

/// Errors of reading saved state. A program that receives one can start without the state.
///
/// ```
/// use anilibria_client::{saved::Unreadable, watch::Cursor};
///
/// let mut bytes = Cursor::default().to_bytes();
/// bytes.pop();
///
/// assert!(matches!(Cursor::from_bytes(&bytes), Err(Unreadable::Truncated { .. })));
/// assert_eq!(Cursor::from_bytes(b"something else"), Err(Unreadable::Foreign));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The bytes are not saved state, or saved state of another kind.
    #[error("not saved state of this kind")]
    Foreign,
    /// Another version of this crate wrote the bytes, in a format that this version does not read.
    #[error("saved in format version {found}, this version of the crate reads version {supported}")]
    Version {
        /// Format version of the bytes.
        found: u16,
        /// Newest format version that this version of the crate reads.
        supported: u16,
    },
    /// The bytes end too early.
    #[error("saved state of {expected} bytes ends after {found}")]
    Truncated {
        /// Length of the complete state, in bytes.
        expected: u64,
        /// Length of the available part, in bytes.
        found: u64,
    },
    /// Some bytes have changed since they were written.
    #[error("saved state is damaged")]
    Damaged,
}

/// Kind of saved state, and version of its format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SavedFormat {
    pub(crate) magic: [u8; 4],
    pub(crate) version: u16,
}

impl SavedFormat {
    /// Returns `state` as bytes.
    pub(crate) fn write(self, state: &impl Serialize) -> Vec<u8> {
        let header = vec![0; HEADER];
        // Only a type that serde cannot describe fails here. The states of this crate are plain records.
        let mut bytes = postcard::to_extend(state, header).unwrap_or_default();
        if bytes.len() < HEADER {
            return Vec::new();
        }
        let (header, body) = bytes.split_at_mut(HEADER);
        let fields = self.magic.into_iter().chain(self.version.to_le_bytes());
        let fields =
            fields.chain((body.len() as u64).to_le_bytes()).chain(crc32fast::hash(body).to_le_bytes());
        header.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
        bytes
    }

    /// Reads the state from bytes that [`write`](Self::write) returned.
    pub(crate) fn read<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, Unreadable> {
        let rest = bytes.strip_prefix(&self.magic).ok_or(Unreadable::Foreign)?;
        let missing = Unreadable::Truncated { expected: HEADER as u64, found: bytes.len() as u64 };
        let (version, rest) = rest.split_first_chunk().ok_or(missing)?;
        let found = u16::from_le_bytes(*version);
        if found != self.version {
            return Err(Unreadable::Version { found, supported: self.version });
        }
        let (length, rest) = rest.split_first_chunk().ok_or(missing)?;
        let (checksum, body) = rest.split_first_chunk().ok_or(missing)?;
        let (expected, found) = (u64::from_le_bytes(*length), body.len() as u64);
        if found < expected {
            return Err(Unreadable::Truncated { expected, found });
        }
        if found > expected || crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return Err(Unreadable::Damaged);
        }
        postcard::from_bytes(body).map_err(|_| Unreadable::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: SavedFormat = SavedFormat { magic: *b"TEST", version: 2 };

    #[test]
    fn written_state_is_read() {
        let state = vec!["один".to_owned(), "two".to_owned()];

        assert_eq!(FORMAT.read::<Vec<String>>(&FORMAT.write(&state)), Ok(state));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = FORMAT.write(&vec![7_u64; 10]);

        for length in 0..bytes.len() {
            let error = FORMAT.read::<Vec<u64>>(&bytes[..length]).unwrap_err();

            assert!(matches!(error, Unreadable::Truncated { .. } | Unreadable::Foreign), "{length}: {error}");
        }
    }

    #[test]
    fn foreign_newer_and_damaged_bytes_are_different_errors() {
        let bytes = FORMAT.write(&vec![7_u64; 10]);
        let newer = SavedFormat { version: 3, ..FORMAT }.write(&vec![7_u64; 10]);
        let mut damaged = bytes.clone();
        damaged[HEADER + 3] ^= 1;
        let longer = [bytes.as_slice(), b"x"].concat();

        assert_eq!(FORMAT.read::<Vec<u64>>(b"{\"json\": true}"), Err(Unreadable::Foreign));
        assert_eq!(FORMAT.read::<Vec<u64>>(&newer), Err(Unreadable::Version { found: 3, supported: 2 }));
        assert_eq!(FORMAT.read::<Vec<u64>>(&damaged), Err(Unreadable::Damaged));
        assert_eq!(FORMAT.read::<Vec<u64>>(&longer), Err(Unreadable::Damaged));
    }
}
