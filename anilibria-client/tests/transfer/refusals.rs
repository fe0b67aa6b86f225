//! Files that are refused, each with its place.

use std::io::Write;

use anilibria_client::transfer::{Format, ListReader, ReadError};
use flate2::{Compression, write::GzEncoder};

fn refusal(file: impl AsRef<[u8]>) -> String {
    ListReader::new().read(file.as_ref()).unwrap_err().to_string()
}

fn mal(entries: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<myanimelist>\n{entries}\n</myanimelist>")
}

#[test]
fn files_of_other_kinds_are_named() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "the file is empty"),
        (b" \n\xef\xbb\xbf", "neither JSON nor XML"),
        (b"\xef\xbb\xbf \n", "the file is empty"),
        (b"\x1f\x8b\x08\x00", "a damaged gzip archive"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\xff\xfe<\x00", "UTF-16"),
        (b"title;score\nBleach;9", "neither JSON nor XML"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"\n<HTML lang=ru>", "a web page"),
        (b"<rss version='2.0'></rss>", "with the root `<rss>`"),
        (b"<!-- nothing -->", "XML without an element"),
        (br#"{"lists": [{"name": "Watching"}]}"#, "JSON of another program"),
        (br#"{"format": "anilibria-list"}"#, "JSON without `version`"),
        (br#"{"format": "anilibria-list", "version": 2, "entries": []}"#, "version 2, the newest known"),
        (b"<myanimelist><manga></manga></myanimelist>", "a list of manga"),
    ];
    for (file, expected) in cases {
        let message = refusal(file);

        assert!(message.contains(expected), "{message} for {}", String::from_utf8_lossy(file));
    }
}

#[test]
fn damaged_json_is_refused_with_line_and_column() {
    let row = r#"{"target_id": 1, "status": "planned"}"#;
    let cases = [
        (format!("[\n{row},\n{row}"), "line 3, column 37"),
        (format!("[\n{row}\n{row}]"), "line 3, column 1"),
        (format!("[{row}]\n[]"), "line 2, column 1"),
        ("[\n1]".to_owned(), "line 2, column 1: entry 1: `entry`: invalid type: integer `1`"),
        (format!("[{row},\n\n{{\"target_id\": \"x\"}}]"), "line 3, column 17: entry 2: `target_id`: invalid type"),
        (format!("[\n{row},\n{{\"target_id\": 1}}]"), "line 3, column 16: entry 2: `target_id`: missing field"),
        (
            format!("[{row},\n  {}]", row.replace("planned", "paused")),
            "line 2, column 3: entry 2: `status`: unknown status `paused`",
        ),
        (
            "[{\"target_id\": 1, \"status\": \"planned\", \"target_type\": \"Manga\"}]".to_owned(),
            "entry 1: `target_type`: `Manga` is no anime",
        ),
        (
            "[{\"target_id\": 1, \"status\": \"planned\", \"score\": 11}]".to_owned(),
            "entry 1: `score`: 11 is not from 0 to 10",
        ),
        (
            "{\"format\": \"anilibria-list\", \"version\": 1,\n\"entries\": [{},\n{\"score\": 0}]}".to_owned(),
            "line 3, column 1: entry 2: `score`: not from 1 to 10",
        ),
        (
            "{\"format\": \"anilibria-list\", \"version\": 1,\n\"entries\": [\n{\"last_watched\": \"soon\"}]}".to_owned(),
            "entry 1: `last_watched`: not a date and time",
        ),
        ("{\"format\": \"anilibria-list\", \"version\": 1, \"entries\": {}}".to_owned(), "a list of entries"),
    ];
    for (file, expected) in cases {
        let message = refusal(&file);

        assert!(message.contains(expected), "{message}\n  for {file}\n  expected {expected}");
    }
}

#[test]
fn damaged_xml_is_refused_with_line_and_column() {
    let row = "<anime><series_animedb_id>1</series_animedb_id><my_status>Watching</my_status></anime>";
    let nested = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let cases = [
        (mal("<anime>\n<series_title></anime>"), "line 4, column"),
        (mal("<anime>").replace("</myanimelist>", ""), "the file ends before its last element is closed"),
        (mal("<anime></anime>"), "line 3, column 1: entry 1: `series_animedb_id`: missing"),
        (
            mal(&format!("{row}\n{}", row.replace("Watching", "Reading"))),
            "line 4, column 1: entry 2: `my_status`",
        ),
        (mal(&row.replace(">1<", ">-1<")), "entry 1: `series_animedb_id`: `-1` is no number"),
        (
            mal(&row.replace("</anime>", "<my_score>12</my_score></anime>")),
            "`my_score`: 12 is not from 0 to 10",
        ),
        (mal(&row.replace("Watching", "&lol;")), "line 3, column 59: unknown entity `&lol;`"),
        (mal(&row.replace("Watching", "a & b")), "line 3"),
        (mal(&nested), "nested too deeply"),
        (format!("{}<myanimelist/>", mal("")), "a second root element"),
        (
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n<myanimelist>&b;</myanimelist>"
                .to_owned(),
            "line 1, column 1: a document type is not allowed",
        ),
        (
            "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><myanimelist/>".to_owned(),
            "a document type is not allowed",
        ),
    ];
    for (file, expected) in cases {
        let message = refusal(&file);

        assert!(message.contains(expected), "{message}\n  for {file}\n  expected {expected}");
    }
}

#[test]
fn text_in_another_encoding_is_refused_with_its_place() {
    assert_eq!(refusal(b"[\n{\"a\": \"\xcf\xf0\"}]"), "line 2, column 8: not valid UTF-8");
}

#[test]
fn files_and_lists_beyond_the_limits_are_refused() {
    let shikimori = format!("[{}]", [r#"{"target_id": 1, "status": "planned"}"#; 3].join(","));
    let row = "<anime><series_animedb_id>1</series_animedb_id><my_status>1</my_status></anime>";
    let mal = mal(&row.repeat(3));
    let own = r#"{"format": "anilibria-list", "version": 1, "entries": [{}, {}, {}]}"#;

    for file in [shikimori.as_str(), &mal, own] {
        let reader = ListReader::new();
        assert_eq!(reader.clone().max_entries(3).read(file.as_bytes()).unwrap().entries.len(), 3);

        let error = reader.clone().max_entries(2).read(file.as_bytes()).unwrap_err();
        assert_eq!(error, ReadError::TooManyEntries { limit: 2 });

        let error = reader.max_bytes(file.len() - 1).read(file.as_bytes()).unwrap_err();
        assert_eq!(error, ReadError::TooLarge { limit: file.len() - 1 });
    }
}

#[test]
fn a_file_of_another_format_than_the_expected_one_is_refused() {
    let error = ListReader::new().format(Format::Mal).read(b"[]").unwrap_err();

    assert_eq!(
        error.to_string(),
        "not a list of a known format: the format is `shikimori`, while `mal` is expected"
    );
    assert!(ListReader::new().format(Format::Shikimori).read(b"[]").unwrap().entries.is_empty());
}

#[test]
fn content_of_an_archive_is_bounded() {
    let content = vec![b' '; 10_000];
    let mut archive = GzEncoder::new(Vec::new(), Compression::best());
    archive.write_all(&content).unwrap();
    let archive = archive.finish().unwrap();
    let error = |limit| ListReader::new().max_bytes(limit).read(&archive).unwrap_err();

    assert!(archive.len() < 1000);
    assert_eq!(error(content.len() - 1), ReadError::TooLarge { limit: content.len() - 1 });
    assert_eq!(error(content.len()), ReadError::Empty);
}

#[test]
fn packed_list_is_read_like_the_list() {
    let list =
        mal("<anime><series_animedb_id>269</series_animedb_id><my_status>Watching</my_status></anime>");
    let mut archive = GzEncoder::new(Vec::new(), Compression::default());
    archive.write_all(list.as_bytes()).unwrap();
    let archive = archive.finish().unwrap();
    let read = |file: &[u8]| ListReader::new().read(file).unwrap();

    assert_eq!(read(&archive), read(list.as_bytes()));
    assert!(refusal(&archive[..archive.len() - 9]).contains("a damaged gzip archive"));
}
