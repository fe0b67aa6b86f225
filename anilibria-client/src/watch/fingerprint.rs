//! Fingerprints of episodes: two small numbers for the identity and the content of each.

use std::collections::BTreeMap;

use crc32fast::Hasher;

use crate::model::{Episode, EpisodeId, Skip};

/// Hashes of the contents of episodes, by the hash of the id.
pub(super) type Fingerprints = BTreeMap<u32, u32>;

/// Returns the hash of an id. Two episodes of one release have the same hash once in a million releases.
pub(super) fn key(id: EpisodeId) -> u32 {
    crc32fast::hash(id.get().as_bytes())
}

/// Returns the hash of the content of an episode.
///
/// The addresses of the streams are left out, because host and query differ from request to request. Their qualities are
/// included.
pub(super) fn fingerprint(episode: &Episode) -> u32 {
    let mut hasher = Hasher::new();
    let mut text = |text: Option<&str>| {
        hasher.update(text.unwrap_or_default().as_bytes());
        // Separates the end of one field from the beginning of the next.
        hasher.update(&[0xFF]);
    };
    text(episode.name.as_deref());
    text(episode.name_english.as_deref());
    text(episode.rutube_id.as_deref());
    text(episode.youtube_id.as_deref());
    let seconds = |at: Option<std::time::Duration>| at.map_or(-1.0, |at| at.as_secs_f64());
    let skip = |skip: &Skip| [seconds(skip.start), seconds(skip.stop)];
    let numbers = [episode.ordinal.get(), seconds(episode.duration)];
    for number in numbers.into_iter().chain(skip(&episode.opening)).chain(skip(&episode.ending)) {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(&episode.sort_order.unwrap_or(-1).to_le_bytes());
    hasher.update(&episode.updated_at.map_or(-1, time::OffsetDateTime::unix_timestamp).to_le_bytes());
    for (quality, _) in episode.streams() {
        hasher.update(&[quality as u8]);
    }
    hasher.finalize()
}

/// Returns the fingerprints of these episodes.
pub(super) fn fingerprints<'a>(episodes: impl IntoIterator<Item = &'a Episode>) -> Fingerprints {
    episodes.into_iter().map(|episode| (key(episode.id), fingerprint(episode))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_of_a_stream_does_not_count_and_its_being_there_does() {
        let episode = |hls: Option<&str>| Episode { hls_480: hls.map(str::to_owned), ..Episode::default() };

        let one = fingerprint(&episode(Some("https://a.example/480.m3u8?isAuthorized=0")));
        let other = fingerprint(&episode(Some("https://b.example/480.m3u8?isAuthorized=1")));

        assert_eq!(one, other);
        assert_ne!(one, fingerprint(&episode(None)));
    }

    #[test]
    fn every_field_that_a_viewer_sees_counts() {
        let plain = Episode::default();
        let name = Episode { name: Some("1".to_owned()), ..Episode::default() };
        let english = Episode { name_english: Some("1".to_owned()), ..Episode::default() };
        let order = Episode { sort_order: Some(1), ..Episode::default() };
        let all = [plain, name, english, order].map(|episode| fingerprint(&episode));

        let different: std::collections::HashSet<_> = all.into_iter().collect();

        assert_eq!(different.len(), 4);
    }
}
