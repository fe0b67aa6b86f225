//! Titles of torrents of real releases, and the values that clients parse from them.

use crate::{
    client_rules::{Numbers, ParsedTitle, comparable_name, radarr, sonarr},
    support::{index, release, titles, torrent},
};

/// Cases, with a blank line between them. Lines without indentation are the releases of a franchise, of which the last one has
/// the torrent. The indented lines are the torrent, its title without the group, the name and the numbers that clients parse,
/// and the quality that they parse.
const CASES: &str = include_str!("names.txt");

/// A case of [`CASES`].
struct Case<'c> {
    franchise: Vec<&'c str>,
    torrent: &'c str,
    title: &'c str,
    parsed: &'c str,
    quality: &'c str,
}

fn cases() -> Vec<Case<'static>> {
    let blocks = CASES.split("\n\n").map(str::trim_end).filter(|block| !block.starts_with('#'));
    let case = |block: &'static str| {
        let (facts, franchise): (Vec<_>, Vec<_>) = block.lines().partition(|line| line.starts_with(' '));
        let [torrent, title, parsed, quality] = facts[..] else { panic!("{block}") };
        let [torrent, title, parsed, quality] = [torrent, title, parsed, quality].map(str::trim);
        Case { franchise, torrent, title, parsed, quality }
    };
    blocks.map(case).collect()
}

/// Returns the title of the torrent of a case.
fn title(case: &Case<'_>) -> String {
    let mut releases: Vec<_> = (1..).zip(&case.franchise).map(|(id, text)| release(id, text)).collect();
    let ids: Vec<u32> = releases.iter().map(|release| release.id.get()).collect();
    releases.last_mut().unwrap().torrents = Some(vec![torrent(1, case.torrent)]);
    let index = index(releases, &[&ids]);
    titles(&index, "t=search").remove(0)
}

/// Returns the title that clients should parse: `Name S1 1-12`, `Name S1`, `Name A 1-220` or `Name F 2016`.
fn expected(parsed: &str, quality: &str) -> ParsedTitle {
    let number = |text: &str| text.parse::<u32>().unwrap();
    let (rest, last) = parsed.rsplit_once(' ').unwrap();
    let (name, numbers) = match (rest.rsplit_once(' '), last.strip_prefix('S')) {
        (_, Some(season)) if season.parse::<u32>().is_ok() => (rest, Numbers::Season(number(season))),
        (Some((name, "F")), _) => (name, Numbers::Film(number(last))),
        (Some((name, kind)), _) => {
            let (first, last) = last.split_once('-').unwrap();
            let (first, last) = (number(first), number(last));
            let season = kind.strip_prefix('S').map(number);
            (name, season.map_or(Numbers::Absolute(first, last), |s| Numbers::Episodes(s, first, last)))
        }
        (None, _) => panic!("{parsed}"),
    };
    let group = Some("AniLibria".to_owned());
    ParsedTitle { name: comparable_name(name), numbers, quality: quality.to_owned(), is_russian: true, group }
}

#[test]
fn titles_are_parsed_correctly_by_clients() {
    let cases = cases();
    assert!(cases.len() >= 60);
    for case in &cases {
        let title = title(case);

        assert_eq!(title, format!("{}-AniLibria", case.title), "{:?}", case.franchise);
        let expected = expected(case.parsed, case.quality);
        let is_film = matches!(expected.numbers, Numbers::Film(_));
        assert_eq!(if is_film { radarr(&title) } else { sonarr(&title) }, expected, "{title}");
    }
}

#[test]
fn client_rules_misread_unsuitable_titles() {
    let numbers = |title: &str| sonarr(title).numbers;

    // Brackets at the start are a group, a number before the season is absolute, and `WEB-DLRip` is no source.
    assert_ne!(numbers("[Oshi no Ko] - S01E01 [1080p]"), Numbers::Episodes(1, 1, 1));
    assert_eq!(sonarr("Trigun - S01E01 [1080p WEB-DLRip RUS]").quality, "HDTV-1080p");
    assert_eq!(sonarr("Trigun - S01E01 [2160p BDRip RUS]").quality, "Bluray-480p");
    assert_eq!(sonarr("Trigun - S01E01 [1080p WEB-DL RUS] AniLibria").group, None);
    assert_eq!(numbers("Trigun [1080p WEB-DL RUS]-AniLibria"), Numbers::Nothing);
    assert_eq!(numbers("One Piece - 1088 [1080p WEB-DL RUS]-AniLibria"), Numbers::Nothing);
    assert_eq!(radarr("Akira [1080p]").numbers, Numbers::Nothing);
}

#[test]
fn seasons_without_a_franchise_are_found_by_name() {
    let names = ["Overlord|TV|2015|13", "Overlord II|TV|2018|13"];
    let mut releases: Vec<_> = names.into_iter().zip(1..).map(|(text, id)| release(id, text)).collect();
    releases[1].torrents = Some(vec![torrent(1, "1-13 1080p WEBRip x265/HEVC")]);

    let found = titles(&index(releases, &[]), "t=search");

    assert!(found[0].starts_with("Overlord - S02E01-E13 "), "{found:?}");
}
