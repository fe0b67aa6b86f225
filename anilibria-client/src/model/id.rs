//! Ids, and references by id or by another unique value.

use std::{fmt, num::TryFromIntError, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

id!(
    /// Id of a [`Release`](super::Release).
    ReleaseId(u32)
);
id!(
    /// Id of a [`Genre`](super::Genre).
    GenreId(u32)
);
id!(
    /// Id of a [`Torrent`](super::Torrent).
    TorrentId(u64)
);
id!(
    /// Id of a user account.
    UserId(u64)
);
id!(
    /// Id of an [`Episode`](super::Episode).
    EpisodeId(Uuid)
);
id!(
    /// Id of a [`Franchise`](super::Franchise).
    FranchiseId(Uuid)
);
id!(
    /// Id of a [`Member`](super::Member), for one role in one release.
    MemberId(Uuid)
);

/// Converts integers of any type into numeric ids.
macro_rules! numbers {
    ($($id:ident($inner:ty)),+) => { $(impl TryFrom<i128> for $id {
        type Error = TryFromIntError;

        fn try_from(number: i128) -> Result<Self, TryFromIntError> {
            <$inner>::try_from(number).map(Self)
        }
    })+ };
}

numbers!(ReleaseId(u32), GenreId(u32), TorrentId(u64), UserId(u64));

/// A release by id or by alias. Ids, numbers and text convert into it.
///
/// ```
/// use anilibria_client::model::{ReleaseId, ReleaseRef};
///
/// assert_eq!(ReleaseRef::from(9000), ReleaseRef::Id(ReleaseId(9000)));
/// assert_eq!(ReleaseRef::from("sword-art-online").to_string(), "sword-art-online");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseRef {
    /// By id.
    Id(ReleaseId),
    /// By alias, the last part of the URL on the site. It changes when the release is renamed.
    Alias(String),
}

impl From<u32> for ReleaseRef {
    fn from(id: u32) -> Self {
        Self::Id(ReleaseId(id))
    }
}

impl From<ReleaseId> for ReleaseRef {
    fn from(id: ReleaseId) -> Self {
        Self::Id(id)
    }
}

impl From<&ReleaseId> for ReleaseRef {
    fn from(id: &ReleaseId) -> Self {
        Self::Id(*id)
    }
}

impl From<&String> for ReleaseRef {
    fn from(alias: &String) -> Self {
        Self::Alias(alias.clone())
    }
}

impl TryFrom<i128> for ReleaseRef {
    type Error = TryFromIntError;

    fn try_from(id: i128) -> Result<Self, TryFromIntError> {
        ReleaseId::try_from(id).map(Self::Id)
    }
}

impl From<&str> for ReleaseRef {
    fn from(alias: &str) -> Self {
        Self::Alias(alias.to_owned())
    }
}

impl From<String> for ReleaseRef {
    fn from(alias: String) -> Self {
        Self::Alias(alias)
    }
}

impl fmt::Display for ReleaseRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Alias(alias) => f.write_str(alias),
        }
    }
}

/// The info hash (BitTorrent v1) of a torrent: 20 bytes, 40 hexadecimal digits in lower case as text.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InfoHash(pub [u8; 20]);

/// The error of a text that is not an info hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an info hash has 40 hexadecimal digits")]
pub struct InvalidInfoHash;

impl fmt::Display for InfoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for InfoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InfoHash({self})")
    }
}

impl FromStr for InfoHash {
    type Err = InvalidInfoHash;

    fn from_str(text: &str) -> Result<Self, InvalidInfoHash> {
        let digits = text.as_bytes();
        if digits.len() != 40 {
            return Err(InvalidInfoHash);
        }
        let mut hash = [0; 20];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().try_fold(0, |value, digit| {
                let digit = char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit.map(|digit| value << 4 | digit).ok_or(InvalidInfoHash)
            })?;
        }
        Ok(Self(hash))
    }
}

impl Serialize for InfoHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InfoHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HashVisitor;

        impl de::Visitor<'_> for HashVisitor {
            type Value = InfoHash;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("40 hexadecimal digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<InfoHash, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(HashVisitor)
    }
}

/// A torrent by id or by info hash. Ids, numbers and hashes convert into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TorrentRef {
    /// By id.
    Id(TorrentId),
    /// By info hash.
    Hash(InfoHash),
}

impl From<u64> for TorrentRef {
    fn from(id: u64) -> Self {
        Self::Id(TorrentId(id))
    }
}

impl From<TorrentId> for TorrentRef {
    fn from(id: TorrentId) -> Self {
        Self::Id(id)
    }
}

impl From<&TorrentId> for TorrentRef {
    fn from(id: &TorrentId) -> Self {
        Self::Id(*id)
    }
}

impl From<&InfoHash> for TorrentRef {
    fn from(hash: &InfoHash) -> Self {
        Self::Hash(*hash)
    }
}

impl TryFrom<i128> for TorrentRef {
    type Error = TryFromIntError;

    fn try_from(id: i128) -> Result<Self, TryFromIntError> {
        TorrentId::try_from(id).map(Self::Id)
    }
}

impl From<InfoHash> for TorrentRef {
    fn from(hash: InfoHash) -> Self {
        Self::Hash(hash)
    }
}

impl fmt::Display for TorrentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Hash(hash) => hash.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_hash_reads_either_case_and_writes_lower() {
        let hash: InfoHash = "8A8FB94B1bd22b44a116336bab6bf209d0ac3a90".parse().unwrap();

        assert_eq!(hash.to_string(), "8a8fb94b1bd22b44a116336bab6bf209d0ac3a90");
    }

    #[test]
    fn info_hash_refuses_what_is_not_forty_hex_digits() {
        for text in
            ["", "8a8f", "zz8fb94b1bd22b44a116336bab6bf209d0ac3a90", "яя8fb94b1bd22b44a116336bab6bf209d0ac"]
        {
            assert_eq!(text.parse::<InfoHash>(), Err(InvalidInfoHash), "{text}");
        }
    }
}
