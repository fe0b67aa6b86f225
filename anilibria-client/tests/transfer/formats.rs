//! Files as other services write them, and as this crate does.

use anilibria_client::{
    model::{CollectionKind, ReleaseKind},
    transfer::{Format, ListReader, ListWriter},
};

use crate::fixture::document;

const SHIKIMORI: &str = r#"[
  {
    "target_title": "Kimi no Na wa.",
    "target_title_ru": "Твоё имя",
    "target_id": 32281,
    "target_type": "Anime",
    "score": 9,
    "status": "completed",
    "rewatches": 2,
    "episodes": 1,
    "text": null
  },
  {
    "target_title": "One Piece",
    "target_title_ru": null,
    "target_id": 21,
    "target_type": "Anime",
    "score": 0,
    "status": "rewatching",
    "rewatches": 0,
    "episodes": 1100,
    "text": "slowly"
  }
]"#;

const MAL: &str = r#"<?xml version="1.0" encoding="UTF-8" ?>
<!-- An export -->
<myanimelist>
  <myinfo>
    <user_id>1</user_id>
    <user_name>somebody</user_name>
    <user_export_type>1</user_export_type>
  </myinfo>
  <anime>
    <series_animedb_id>47</series_animedb_id>
    <series_title><![CDATA[Akira & co]]></series_title>
    <series_type>Movie</series_type>
    <series_episodes>1</series_episodes>
    <my_id>0</my_id>
    <my_watched_episodes>1</my_watched_episodes>
    <my_start_date>0000-00-00</my_start_date>
    <my_score>10</my_score>
    <my_status>Completed</my_status>
    <my_comments><![CDATA[]]></my_comments>
    <my_times_watched>3</my_times_watched>
    <my_tags/>
    <my_rewatching>0</my_rewatching>
    <update_on_import>0</update_on_import>
  </anime>
  <anime>
    <series_animedb_id>1</series_animedb_id>
    <series_title>Cowboy &amp; Bebop &#8212; &lt;1998&gt;</series_title>
    <series_type>tv</series_type>
    <my_watched_episodes>5</my_watched_episodes>
    <my_score>0</my_score>
    <my_status>6</my_status>
  </anime>
</myanimelist>
"#;

#[test]
fn a_list_of_shikimori_is_read() {
    let entries = ListReader::new().read(SHIKIMORI.as_bytes()).unwrap().entries;

    let [movie, series] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((movie.line, series.line), (Some(2), Some(13)));
    assert_eq!((movie.shikimori_id, movie.mal_id), (Some(32281), None));
    assert_eq!(movie.name.as_deref(), Some("Твоё имя"));
    assert_eq!((movie.collection.clone(), movie.score), (Some(CollectionKind::Watched), Some(9)));
    assert_eq!((movie.rewatches, movie.episodes_watched), (2, 1));
    assert_eq!(series.title(), Some("One Piece"));
    assert_eq!((series.collection.clone(), series.is_rewatching), (Some(CollectionKind::Watching), true));
    assert_eq!((series.score, series.comment.as_deref()), (None, Some("slowly")));
}

#[test]
fn a_list_of_myanimelist_is_read() {
    let entries = ListReader::new().read(MAL.as_bytes()).unwrap().entries;

    let [movie, series] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((movie.line, series.line), (Some(9), Some(25)));
    assert_eq!((movie.mal_id, movie.shikimori_id), (Some(47), None));
    assert_eq!(movie.english.as_deref(), Some("Akira & co"));
    assert_eq!((movie.kind.clone(), movie.episodes_total), (Some(ReleaseKind::Movie), Some(1)));
    assert_eq!((movie.score, movie.rewatches, movie.comment.clone()), (Some(10), 3, None));
    assert_eq!(series.english.as_deref(), Some("Cowboy & Bebop — <1998>"));
    assert_eq!((series.kind.clone(), series.episodes_total), (Some(ReleaseKind::Tv), None));
    assert_eq!((series.collection.clone(), series.score), (Some(CollectionKind::Planned), None));
}

#[test]
fn lists_are_written_as_the_services_expect_them() {
    let document = document([|entry| {
        entry.name = Some("Имя".to_owned());
        entry.english = Some("A ]]> B".to_owned());
        entry.kind = Some(ReleaseKind::Tv);
        (entry.mal_id, entry.shikimori_id) = (Some(5), Some(6));
        entry.collection = Some(CollectionKind::Watching);
        entry.is_rewatching = true;
        (entry.episodes_watched, entry.episodes_total, entry.score) = (4, Some(12), Some(8));
    }]);
    let text = |format| String::from_utf8(ListWriter::new(format).write(&document).bytes).unwrap();

    let shikimori: serde_json::Value = serde_json::from_str(&text(Format::Shikimori)).unwrap();
    let mal = text(Format::Mal);

    let expected = serde_json::json!([{
        "target_title": "A ]]> B", "target_title_ru": "Имя", "target_id": 6, "target_type": "Anime", "score": 8,
        "status": "rewatching", "rewatches": 0, "episodes": 4, "text": null,
    }]);
    assert_eq!(shikimori, expected);
    for part in [
        "<user_export_type>1</user_export_type>",
        "<user_total_watching>1</user_total_watching>",
        "<series_animedb_id>5</series_animedb_id>",
        "<series_title><![CDATA[A ]]]]><![CDATA[> B]]></series_title>",
        "<series_type>TV</series_type>",
        "<my_watched_episodes>4</my_watched_episodes>",
        "<my_status>Watching</my_status>",
        "<shiki_status>Rewatching</shiki_status>",
        "<my_rewatching>1</my_rewatching>",
        "<update_on_import>1</update_on_import>",
    ] {
        assert!(mal.contains(part), "{part} is missing: {mal}");
    }
}

#[test]
fn a_title_without_a_name_in_latin_letters_is_written_with_another_name() {
    let document = document([|entry| {
        (entry.name, entry.english) = (Some("Имя".to_owned()), Some(String::new()));
        (entry.shikimori_id, entry.collection) = (Some(6), Some(CollectionKind::Planned));
    }]);

    let list = ListWriter::new(Format::Shikimori).write(&document);

    assert_eq!(ListReader::new().read(&list.bytes).unwrap().entries[0].english.as_deref(), Some("Имя"));
}

#[test]
fn entries_that_a_format_cannot_hold_are_reported() {
    let document = document([
        |entry| entry.collection = Some(CollectionKind::Planned),
        |entry| (entry.mal_id, entry.is_favorite) = (Some(1), true),
        |entry| (entry.mal_id, entry.collection) = (Some(2), Some("OTHER".into())),
        |entry| (entry.mal_id, entry.collection) = (Some(3), Some(CollectionKind::Planned)),
        |entry| {
            (entry.mal_id, entry.collection) = (Some(3), Some(CollectionKind::Watched));
            entry.episodes_total = Some(12);
        },
        |entry| (entry.mal_id, entry.episodes_watched, entry.episodes_total) = (Some(4), 12, Some(12)),
    ]);

    let list = ListWriter::new(Format::Mal).write(&document);

    let left_out: Vec<_> = list.left_out.iter().map(|left| (left.entry.number, left.reason)).collect();
    let expected = [
        (1, "no id at this service"),
        (2, "in no collection"),
        (3, "in an unknown collection"),
        (4, "another entry with the same id is watched further"),
    ];
    assert_eq!(left_out, expected);
    assert_eq!(list.written, 2);
    let read = ListReader::new().read(&list.bytes).unwrap().entries;
    assert_eq!((read[0].mal_id, read[0].episodes_watched), (Some(3), 12), "completed in full");
    assert_eq!((read[1].mal_id, read[1].collection.clone()), (Some(4), Some(CollectionKind::Watched)));
}
