//! Rules by which Sonarr and Radarr parse titles, as far as the titles of this indexer rely on them.
//!
//! The rules are written from the behaviour of the clients. They share no code with the indexer.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use regex::Regex;

/// Values that a client parses from a title.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ParsedTitle {
    /// Name of the series or film, in the form in which clients compare names.
    pub(crate) name: String,
    pub(crate) numbers: Numbers,
    /// Source and resolution: `WEBDL-1080p`.
    pub(crate) quality: String,
    pub(crate) is_russian: bool,
    pub(crate) group: Option<String>,
}

/// Numbers in a title.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Season with its first and last episode.
    Episodes(u32, u32, u32),
    /// Whole season.
    Season(u32),
    /// First and last absolute number.
    Absolute(u32, u32),
    /// Year of a film.
    Film(u32),
    /// No rule applies.
    Nothing,
}

/// Parses a title as Sonarr does.
pub(crate) fn sonarr(title: &str) -> ParsedTitle {
    let plain = without_resolution(title);
    let (name, numbers) = first_of(&plain, &[episodes, season, absolute]);
    parse(title, name, numbers)
}

/// Parses a title as Radarr does.
pub(crate) fn radarr(title: &str) -> ParsedTitle {
    let (name, numbers) = first_of(title, &[film]);
    parse(title, name, numbers)
}

fn parse(title: &str, name: &str, numbers: Numbers) -> ParsedTitle {
    let is_russian = matches(r"(?i)\bRUS\b", title);
    ParsedTitle {
        name: comparable_name(name),
        numbers,
        quality: quality(title),
        is_russian,
        group: group(title),
    }
}

type Rule = fn(&str) -> Option<(&str, Numbers)>;

fn first_of<'t>(title: &'t str, rules: &[Rule]) -> (&'t str, Numbers) {
    rules.iter().find_map(|rule| rule(title)).unwrap_or((title, Numbers::Nothing))
}

/// Returns a compiled pattern. Patterns are compiled once.
fn regex(pattern: &'static str) -> Regex {
    static COMPILED: Mutex<Option<HashMap<&str, Regex>>> = Mutex::new(None);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = compiled.get_or_insert_default().entry(pattern);
    known.or_insert_with(|| Regex::new(pattern).unwrap()).clone()
}

fn matches(pattern: &'static str, text: &str) -> bool {
    regex(pattern).is_match(text)
}

/// Removes common resolutions, and characters that are invalid in paths. Sonarr does this before it parses numbers.
fn without_resolution(title: &str) -> String {
    regex(r"(?i)(480|720|1080|2160)[ip]|[<>?*:|]").replace_all(title, "").into_owned()
}

/// Finds the first `S01E05` or `S01E01-E12` after a separator: two or three digits for each episode, one or two for the season.
/// The `S` is optional in front of `1x05`. Brackets at the start of a title are the name of a group, and digits with `x` or `e`
/// at the start are numbers without a name.
fn episodes(title: &str) -> Option<(&str, Numbers)> {
    if matches(r"^\[|(?i)^S?\d{1,2}[-_ ]?[ex]\d{2,3}|^(19|20)\d\d[-_]?\d\d[-_]?\d\d", title) {
        return None;
    }
    let pattern = r"(?i)^(.+?)[\W_]+(?:S|\b)(\d{1,2})[ex](\d{2,3})(?:-E(\d{2,3}))?(?:\D|$)";
    let found = regex(pattern).captures(title)?;
    let number = |group| found.get(group).and_then(|number| number.as_str().parse().ok());
    let first = number(3)?;
    let last = number(4).unwrap_or(first);
    (first <= last)
        .then(|| (found.get(1).unwrap().as_str(), Numbers::Episodes(number(2).unwrap(), first, last)))
}

/// Finds `S01` after a separator, which is the whole season. `S01 - 05` is an absolute number.
fn season(title: &str) -> Option<(&str, Numbers)> {
    let found = regex(r"(?i)^(.+?)\W(?:S|Season)\W?(\d{1,2})(?:\W|$)").captures(title)?;
    Some((found.get(1).unwrap().as_str(), Numbers::Season(found[2].parse().unwrap())))
}

/// Finds the first number of two or three digits after a separator. It is absolute, with the number that follows it directly.
/// Four digits are a season and an episode. `Part 2` and `E05` have priority, and so has `[group]` at the end after three digits.
fn absolute(title: &str) -> Option<(&str, Numbers)> {
    if matches(r"(?i)\W(?:Part\W?|E)\d{1,2}\b|\d{3}\D.*\]$", title) {
        return None;
    }
    let pattern = r"^(.+?)[-_. ]+(\d{2,3})(?:-(\d{2,3}))?(?:[^\dip]|$)";
    let found = regex(pattern).captures(title)?;
    let first: u32 = found[2].parse().unwrap();
    let last = found.get(3).map_or(first, |last| last.as_str().parse().unwrap());
    (first <= last).then(|| (found.get(1).unwrap().as_str(), Numbers::Absolute(first, last)))
}

/// Finds the first year from 1800 to 2099 after the name. A year in brackets is not part of the name.
fn film(title: &str) -> Option<(&str, Numbers)> {
    if title.starts_with(['(', '[']) {
        return None;
    }
    let found = regex(r"^(.+?)\W+((?:1[89]|20)\d{2})(?:[^\dpi\]]|$)").captures(title)?;
    Some((found.get(1).unwrap().as_str(), Numbers::Film(found[2].parse().unwrap())))
}

/// Returns the last known word for a source, and the resolution. A word that only contains the name of a source does not count,
/// and a title without a source counts as HDTV.
fn quality(title: &str) -> String {
    let sources = r"(?i)\b(?:(blu-?ray)|(bdrip)|(web[-. ]?dl)|(webrip)|(hdtv|tvrip)|(dvdrip|dvd))\b";
    let sources = regex(sources);
    let source = sources.captures_iter(title).last().map(|found| {
        let names = ["Bluray", "Bluray", "WEBDL", "WEBRip", "HDTV", "DVD"];
        names[(1..=6).position(|group| found.get(group).is_some()).unwrap()]
    });
    let resolution = regex(r"(?i)\b(360|480|576|720|1080|1440|2160|4320)p\b").captures(title);
    let lines = resolution.as_ref().map_or("?", |found| match &found[1] {
        "1440" => "1080",
        "4320" => "?",
        lines => lines,
    });
    match source {
        // A DVD has one quality.
        Some("DVD") => "DVD".to_owned(),
        Some("Bluray") if lines == "2160" && title.to_lowercase().contains("bdrip") => {
            "Bluray-480p".to_owned()
        }
        source => format!("{}-{lines}p", source.unwrap_or("HDTV")),
    }
}

/// Returns the word after the last hyphen, unless a resolution follows, or the hyphen belongs to `WEB-DL`.
fn group(title: &str) -> Option<String> {
    let found = regex(r"-([A-Za-z0-9]+)(?:\W|$)");
    let resolution = regex(r"(?i)(?:480|576|720|1080|2160)p");
    let groups = found.captures_iter(title).filter_map(|found| {
        let (whole, name) = (found.get(0)?, found.get(1)?);
        let before = title.get(..name.end())?.to_lowercase();
        let is_group = !before.ends_with("web-dl") && !resolution.is_match(title.get(whole.end()..)?);
        is_group.then(|| name.as_str().to_owned())
    });
    groups.last().filter(|name| !matches(r"(?i)^(?:[se]?\d+|[0-9a-f]{8})$", name))
}

/// Returns the form in which clients compare names: letters and digits alone, without the words `a`, `an`, `the`, `and`, `or`,
/// `of` after the first word.
pub(crate) fn comparable_name(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = regex(r"[^\w]+|_");
    let words: Vec<&str> = words.split(&lower).filter(|word| !word.is_empty()).collect();
    let is_common = |word: &&str| matches!(*word, "a" | "an" | "the" | "and" | "or" | "of");
    let significant = words.iter().enumerate().filter(|(place, word)| *place == 0 || !is_common(word));
    significant.map(|(_, word)| *word).collect()
}
