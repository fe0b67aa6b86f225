//! Documents that are written and read again, and files of any bytes.

use std::time::Duration;

use anilibria_client::{
    model::{CollectionKind, EpisodeId, Ordinal, ReleaseId, ReleaseKind},
    transfer::{EpisodeProgress, Format, ListDocument, ListEntry, ListReader, ListWriter},
};
use proptest::{collection::vec, option, prelude::*};
use time::OffsetDateTime;
use uuid::Uuid;

fn moment() -> impl Strategy<Value = OffsetDateTime> {
    (0_i64..4_000_000_000).prop_map(|seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap())
}

fn collection() -> impl Strategy<Value = CollectionKind> {
    prop_oneof![4 => prop::sample::select(CollectionKind::KNOWN), 1 => "[A-Z]{1,9}".prop_map(CollectionKind::from)]
}

fn episode() -> impl Strategy<Value = EpisodeProgress> {
    let numbers = option::of(prop_oneof![(0_u16..2000).prop_map(f64::from), Just(12.5)]);
    (any::<u128>(), numbers, 0_u64..100_000_000, any::<bool>(), option::of(moment())).prop_map(
        |(id, ordinal, milliseconds, is_watched, updated_at)| {
            let position = Duration::from_millis(milliseconds);
            let mut episode = EpisodeProgress::new(EpisodeId(Uuid::from_u128(id)), position, is_watched);
            episode.ordinal = ordinal.map(Ordinal);
            episode.updated_at = updated_at;
            episode
        },
    )
}

prop_compose! {
    fn entry()(
        (release_id, alias, name, english) in (option::of(any::<u32>()), option::of(any::<String>()), option::of(any::<String>()), option::of(any::<String>())),
        (mal_id, shikimori_id) in (option::of(1..u64::MAX), option::of(any::<u64>())),
        (kind, episodes_total) in (option::of(prop::sample::select(ReleaseKind::KNOWN)), option::of(1..u32::MAX)),
        (collection, is_rewatching, is_favorite) in (option::of(collection()), any::<bool>(), any::<bool>()),
        (episodes_watched, rewatches, score) in (any::<u32>(), any::<u32>(), option::of(1_u8..=10)),
        comment in option::of(any::<String>()),
        last_watched in option::of(moment()),
        episodes in vec(episode(), 0..4),
    ) -> ListEntry {
        let mut entry = ListEntry::default();
        entry.release_id = release_id.map(ReleaseId);
        (entry.alias, entry.name, entry.english) = (alias, name, english);
        (entry.mal_id, entry.shikimori_id) = (mal_id, shikimori_id);
        (entry.kind, entry.episodes_total) = (kind, episodes_total);
        (entry.collection, entry.is_rewatching, entry.is_favorite) = (collection, is_rewatching, is_favorite);
        (entry.episodes_watched, entry.rewatches, entry.score) = (episodes_watched, rewatches, score);
        (entry.comment, entry.last_watched, entry.episodes) = (comment, last_watched, episodes);
        entry
    }
}

fn documents() -> impl Strategy<Value = ListDocument> {
    vec(entry(), 0..6).prop_map(ListDocument::new)
}

/// Returns the entries without the lines of the file.
fn read(file: &[u8]) -> Vec<ListEntry> {
    let entries = ListReader::new().read(file).unwrap().entries;
    let without_line = |mut entry: ListEntry| {
        assert!(entry.line.take().is_some());
        entry
    };
    entries.into_iter().map(without_line).collect()
}

proptest! {
    #[test]
    fn json_loses_nothing(document in documents()) {
        let list = ListWriter::new(Format::Json).write(&document);

        prop_assert_eq!(list.written, document.entries.len());
        prop_assert_eq!(read(&list.bytes), document.entries);
    }

    #[test]
    fn files_of_other_services_are_the_same_after_they_were_read(document in documents()) {
        for format in [Format::Shikimori, Format::Mal] {
            let list = ListWriter::new(format).write(&document);
            prop_assert_eq!(list.written + list.left_out.len(), document.entries.len());

            let entries = read(&list.bytes);
            let again = ListWriter::new(format).write(&ListDocument::new(entries.clone()));

            prop_assert_eq!(entries.len(), list.written);
            prop_assert_eq!(again.written, list.written);
            prop_assert_eq!(&read(&again.bytes), &entries);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = ListReader::new().read(&bytes);
    }

    #[test]
    fn no_damaged_file_panics(document in documents(), format in prop::sample::select(&Format::ALL[..]), cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = ListWriter::new(format).write(&document).bytes;
        let place = cut.index(bytes.len());
        let _ = ListReader::new().read(&bytes[..place]);

        bytes[place] = byte;
        let _ = ListReader::new().read(&bytes);
    }

    #[test]
    fn no_text_of_markup_panics(text in "(<myanimelist>|<anime>|</anime>|<my_status>|</my_status>|<!\\[CDATA\\[|\\]\\]>|<!DOCTYPE|&#x[0-9a-f]{0,9};|&lt;|<\\?|[\\[{}\",:\\]а 1]){0,40}") {
        let _ = ListReader::new().read(text.as_bytes());
        let _ = ListReader::new().read(format!("<myanimelist>{text}</myanimelist>").as_bytes());
    }
}
