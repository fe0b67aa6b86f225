//! The documents: capabilities, results, errors.

use anilibria_torznab::{Error, caps};

use crate::{
    schema::validate,
    support::{document, index, release, texts, titles, torrent},
};

/// Returns the value of an attribute of the only item.
fn attribute(document: &str, name: &str) -> Option<String> {
    let start = format!(r#"<torznab:attr name="{name}" value=""#);
    let values: Vec<_> = document.split(start.as_str()).skip(1).collect();
    assert!(values.len() <= 1, "{name} occurs {} times", values.len());
    let value = values.first()?.split('"').next()?;
    Some(quick_xml::escape::unescape(value).unwrap().into_owned())
}

#[test]
fn capabilities_are_valid_and_list_searches_and_categories() {
    let document = caps();

    validate(&document);
    for part in [
        r#"<limits default="100" max="100"/>"#,
        r#"<search available="yes" supportedParams="q"/>"#,
        r#"<tv-search available="yes" supportedParams="q,season,ep,year"/>"#,
        r#"<movie-search available="yes" supportedParams="q,year"/>"#,
        r#"<category id="2000" name="Movies">"#,
        r#"<subcat id="5070" name="TV/Anime"/>"#,
    ] {
        assert!(document.contains(part), "{part} in {document}");
    }
}

#[test]
fn item_has_all_elements_and_attributes() {
    let mut release = release(7, "Re:Zero & \"More\" <2>|TV|2016|25");
    release.torrents = Some(vec![torrent(5, "13 1080p WEB-DL x265/HEVC")]);

    let document = document(&index(vec![release], &[]), "t=search&extended=1");

    validate(&document);
    assert_eq!(
        texts(&document, "title")[1],
        "Re:Zero & \"More\" 2 - S01E13 [1080p WEB-DL HEVC RUS]-AniLibria"
    );
    assert_eq!(
        texts(&document, "comments"),
        ["https://site.example/anime/releases/release/release-7/torrents"]
    );
    assert_eq!(texts(&document, "link")[1], "https://mirror.example/api/v1/anime/torrents/5/file");
    assert_eq!(texts(&document, "pubDate"), ["Thu, 13 Jan 2022 00:00:00 +0000"]);
    assert_eq!(texts(&document, "size"), ["1005"]);
    assert_eq!(texts(&document, "category"), ["5000", "5070"]);
    let hash = format!("00000005{}", "ab".repeat(16));
    assert!(document.contains(&format!(r#"<guid isPermaLink="false">{hash}</guid>"#)));
    let enclosure = r#"<enclosure url="https://mirror.example/api/v1/anime/torrents/5/file" length="1005" type="application/x-bittorrent"/>"#;
    assert!(document.contains(enclosure), "{document}");
    for (name, value) in [
        ("seeders", "7"),
        ("leechers", "3"),
        ("peers", "10"),
        ("grabs", "40"),
        ("size", "1005"),
        ("infohash", &hash),
        ("downloadvolumefactor", "0"),
        ("uploadvolumefactor", "1"),
        ("year", "2016"),
        ("season", "1"),
        ("episode", "13"),
        ("language", "Russian"),
    ] {
        assert_eq!(attribute(&document, name).as_deref(), Some(value), "{name}");
    }
    let magnet = attribute(&document, "magneturl").unwrap();
    assert!(magnet.starts_with(&format!("magnet:?xt=urn:btih:{hash}&dn=Torrent%205")), "{magnet}");
}

#[test]
fn unknown_values_are_omitted() {
    let mut release = release(7, "Name|MOVIE|-|-");
    let mut torrent = torrent(5, "1-2 1080p WEBRip AV1");
    (torrent.hash, torrent.updated_at) = (None, None);
    release.torrents = Some(vec![torrent]);

    let document = document(&index(vec![release], &[]), "t=search");

    validate(&document);
    assert!(document.contains(r#"<guid isPermaLink="false">anilibria-torrent-5</guid>"#));
    for name in ["infohash", "magneturl", "year", "season", "episode", "coverurl"] {
        assert_eq!(attribute(&document, name), None, "{name}");
    }
}

#[test]
fn batch_has_no_episode_attribute() {
    let mut release = release(7, "Name|TV|2016|12");
    release.torrents = Some(vec![torrent(5, "1-12 1080p WEBRip AV1")]);

    let document = document(&index(vec![release], &[]), "t=search");

    assert_eq!(attribute(&document, "season").as_deref(), Some("1"));
    assert_eq!(attribute(&document, "episode"), None);
}

#[test]
fn results_are_paged_newest_first() {
    let mut release = release(7, "Name|TV|2016|250");
    release.torrents =
        Some((1..=250).map(|id| torrent(id, &format!("{} 1080p WEBRip AV1", id % 12 + 1))).collect());
    let index = index(vec![release], &[]);
    let guids = |request: &str| -> Vec<u32> {
        let document = document(&index, request);
        validate(&document);
        let links = texts(&document, "link").into_iter().skip(1);
        links.map(|link| link.split('/').nth_back(1).unwrap().parse().unwrap()).collect()
    };

    assert_eq!(guids("t=search"), (151..=250).rev().collect::<Vec<_>>());
    assert_eq!(guids("t=search&offset=200&limit=100"), (1..=50).rev().collect::<Vec<_>>());
    assert_eq!(guids("t=search&limit=2&offset=1"), [249, 248]);
    assert_eq!(guids("t=search&limit=100000").len(), 100);
    assert_eq!(guids("t=search&offset=250"), [0; 0]);
    assert!(
        document(&index, "t=search&offset=250").contains(r#"<newznab:response offset="250" total="250"/>"#)
    );
}

#[test]
fn releases_hidden_by_their_owners_are_omitted() {
    let mut hidden = release(7, "Hidden|TV|2016|12");
    hidden.is_blocked_by_copyrights = true;
    hidden.torrents = Some(vec![torrent(5, "1-12 1080p WEBRip AV1")]);

    assert_eq!(titles(&index(vec![hidden], &[]), "t=search"), [""; 0]);
}

#[test]
fn document_of_an_empty_catalog_is_valid() {
    validate(&document(&index(Vec::new(), &[]), "t=search&q=name"));
}

#[test]
fn errors_are_valid_documents_with_their_codes() {
    for (error, code) in [
        (Error::IncorrectKey, 100),
        (Error::MissingParameter("t"), 200),
        (Error::NoSuchFunction("<x>".into()), 202),
        (Error::FunctionNotAvailable("book".into()), 203),
        (Error::Unavailable, 900),
    ] {
        let document = error.to_xml();

        validate(&document);
        assert!(document.contains(&format!(r#"<error code="{code}" description=""#)), "{document}");
    }
}
