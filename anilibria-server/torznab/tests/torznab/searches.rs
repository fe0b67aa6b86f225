//! Searches as Sonarr, Radarr, Prowlarr and Jackett send them.

use anilibria_torznab::Index;

use crate::support::{index, release, search, titles, torrent};

/// Returns an index of a few series and films with torrents.
fn anime() -> Index {
    let facts = [
        ("Mob Psycho 100|TV|2016|12", &["1-12 1080p WEBRip AV1"][..]),
        ("Mob Psycho 100 II|TV|2019|13", &["1-13 1080p WEBRip AV1", "13 720p WEBRip AV1"]),
        ("Naruto|TV|2002|220", &["1-220 720p DVDRip AV1"]),
        ("Akira|MOVIE|1988|1", &["Фильм 1080p BDRip AV1"]),
        ("Mononoke|MOVIE|2024|1", &["Фильм 480p WEBRip AV1"]),
        ("Death Note|TV|2006|37", &["1-37 1080p BDRip AV1"]),
        ("Mob Psycho 100 OVA|OVA|2018|1", &["1 1080p WEBRip AV1"]),
        ("Alice|DORAMA|2020|8", &["1-8 1080p WEBRip AV1"]),
    ];
    let mut number = 0;
    let releases = (1..).zip(facts).map(|(id, (text, torrents))| {
        let mut release = release(id, text);
        let mut next = |facts: &&str| {
            number += 1;
            torrent(number, facts)
        };
        release.torrents = Some(torrents.iter().map(&mut next).collect());
        release
    });
    let mut releases: Vec<_> = releases.collect();
    releases[5].name.main = String::from("Тетрадь смерти");
    releases[5].name.alternative = Some("Notatnik Śmierci, L's Book & Pen".to_owned());
    index(releases, &[&[1, 2, 7]])
}

/// Returns the beginnings of the titles that a request finds, sorted.
fn found(request: &str) -> Vec<String> {
    let mut titles: Vec<_> = titles(&anime(), request)
        .into_iter()
        .map(|title| title.split(" [").next().unwrap().to_owned())
        .collect();
    titles.sort();
    titles
}

const MOB: [&str; 4] = [
    "Mob Psycho 100 - S00E01",
    "Mob Psycho 100 - S01E01-E12",
    "Mob Psycho 100 - S02E01-E13",
    "Mob Psycho 100 - S02E13",
];

#[test]
fn connection_tests_of_clients_find_torrents() {
    let sonarr = "t=tvsearch&cat=5070&extended=1&apikey=&offset=0&limit=100";

    assert_eq!(found(sonarr).len(), 6);
    assert_eq!(
        found("t=movie&cat=2000,2010,2020,2030,2040,2045,2050,2060&extended=1&offset=0&limit=100").len(),
        2
    );
    assert_eq!(found("t=search&extended=1&apikey=x&limit=100&offset=0").len(), 9);
}

#[test]
fn absolute_number_finds_the_batches_that_contain_it() {
    assert_eq!(
        found("t=search&cat=5070&extended=1&offset=0&limit=100&q=Mob%20Psycho%20100+13"),
        [MOB[2], MOB[3]]
    );
    assert_eq!(found("t=search&cat=5070&q=Mob+Psycho+100+05"), [MOB[1], MOB[2]]);
    assert_eq!(found("t=search&cat=5070&q=Mob+Psycho+100+25"), [MOB[2], MOB[3]]);
    assert_eq!(found("t=search&cat=5070&q=Naruto+150"), ["Naruto - 001-220"]);
    assert_eq!(found("t=search&cat=5070&q=Naruto+221"), [""; 0]);
}

#[test]
fn season_and_episode_select_torrents() {
    assert_eq!(found("t=tvsearch&cat=5070&q=Mob%20Psycho%20100&season=2"), [MOB[2], MOB[3]]);
    assert_eq!(found("t=tvsearch&q=Mob+Psycho+100&season=2&ep=13"), [MOB[2], MOB[3]]);
    assert_eq!(found("t=tvsearch&q=Mob+Psycho+100&season=2&ep=5"), [MOB[2]]);
    assert_eq!(found("t=tvsearch&q=Mob+Psycho+100&season=00"), [MOB[0]]);
    assert_eq!(found("t=tvsearch&q=Mob+Psycho+100&season=S01&ep=E12"), [MOB[1]]);
    assert_eq!(found("t=search&q=Mob+Psycho+100+S02E05"), [MOB[2]]);
    assert_eq!(found("t=search&q=Mob+Psycho+100+S02"), [MOB[2], MOB[3]]);
    assert_eq!(found("t=tvsearch&q=Mob+Psycho+100&ep=13"), [MOB[2], MOB[3]]);
}

#[test]
fn torrent_with_absolute_numbers_matches_every_season() {
    assert_eq!(found("t=tvsearch&q=Naruto&season=5&ep=3"), ["Naruto - 001-220"]);
}

#[test]
fn missing_season_or_episode_finds_nothing() {
    for request in [
        "t=tvsearch&q=Mob+Psycho+100&season=9",
        "t=tvsearch&q=Mob+Psycho+100&season=2&ep=99",
        "t=tvsearch&q=Mob+Psycho+100&season=2024&ep=11/30",
        "t=tvsearch&q=Death+Note&season=9999&ep=9999",
        "t=search&q=Mob+Psycho+100+S09E01",
    ] {
        assert_eq!(found(request), [""; 0], "{request}");
    }
}

#[test]
fn names_are_found_in_any_language_and_spelling() {
    let note = ["Death Note - S01E01-E37"];
    for query in [
        "death note",
        "Тетрадь Смерти",
        "notatnik smierci",
        "Ls Book and Pen",
        "Note Death",
        "Deth Note",
        "тетрадь смрти",
    ] {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        assert_eq!(found(&format!("t=search&q={query}")), note, "{query}");
    }
    assert_eq!(found("t=search&q=Mob+Psycho+100"), MOB);
    assert_eq!(found("t=search&q=Mob+Psycho+100+II"), [MOB[2], MOB[3]]);
    assert_eq!(found("t=search&q=100"), MOB);
}

#[test]
fn films_are_found_by_name_and_year() {
    assert_eq!(found("t=movie&q=Akira"), ["Akira (1988)"]);
    assert_eq!(found("t=movie&q=Akira&year=1988"), ["Akira (1988)"]);
    assert_eq!(found("t=movie&q=Akira&year=1989"), [""; 0]);
    assert_eq!(found("t=search&cat=2000&q=Akira+1988"), ["Akira (1988)"]);
    assert_eq!(found("t=movie&q=Death+Note"), [""; 0]);
    assert_eq!(found("t=tvsearch&q=Akira"), [""; 0]);
}

#[test]
fn year_of_the_release_or_of_its_series_matches() {
    assert_eq!(found("t=tvsearch&year=2016"), MOB);
    assert_eq!(found("t=tvsearch&year=2019"), [MOB[2], MOB[3]]);
}

#[test]
fn categories_select_torrents() {
    let count = |categories: &str| found(&format!("t=search&cat={categories}")).len();

    assert_eq!(count("5000"), 7);
    assert_eq!(count("5070"), 6);
    assert_eq!(count("5020"), 1);
    assert_eq!(count("2000"), 2);
    assert_eq!(count("2040"), 1);
    assert_eq!(count("2030"), 1);
    assert_eq!(count("2030,5020"), 2);
    assert_eq!(count("2000&cat=5000"), 9);
    assert_eq!(count("5030,5040"), 0);
    assert_eq!(count("100001,0,999999999"), 0);
    assert_eq!(count("5070,8000"), 6);
    assert_eq!(count(",%205070%20,"), 6);
}

#[test]
fn empty_parameters_count_as_absent() {
    assert_eq!(found("t=search&q=&season=&ep=&cat=&limit=&offset=&apikey=").len(), 9);
    assert_eq!(found("T=SEARCH&Q=Akira&Cat=2000"), ["Akira (1988)"]);
}

#[test]
fn total_counts_all_pages() {
    let index = anime();

    assert_eq!(search(&index, "t=search&limit=1").unwrap().total(), 9);
    assert_eq!(search(&index, "t=search&q=Mob+Psycho&limit=1&offset=3").unwrap().total(), 4);
}
