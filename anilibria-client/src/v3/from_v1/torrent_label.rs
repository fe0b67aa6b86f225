//! Parsing of torrent labels: `Name - AniLibria.TOP [HDTVRip 720p][AVC][1-13]`.

/// Kinds of sources by their names without hyphens, in lower case.
const SOURCES: [(&str, &str); 10] = [
    ("bdrip", "BDRip"),
    ("bdremux", "BDRemux"),
    ("dtvrip", "DTVRip"),
    ("dvdrip", "DVDRip"),
    ("hdrip", "HDRip"),
    ("hdtvrip", "HDTVRip"),
    ("tvrip", "TVRip"),
    ("webdl", "WEB-DL"),
    ("webdlrip", "WEB-DLRip"),
    ("webrip", "WEBRip"),
];

/// Short names of sources. They count in brackets only, because they may be words of a title.
const SHORT_SOURCES: [(&str, &str); 5] =
    [("bd", "BDRip"), ("bluray", "BDRip"), ("dvd", "DVDRip"), ("hdtv", "HDTVRip"), ("web", "WEBRip")];

const ENCODERS: [(&str, &str); 9] = [
    ("av1", "av1"),
    ("avc", "h264"),
    ("h264", "h264"),
    ("h265", "h265"),
    ("hevc", "h265"),
    ("hevchq", "h265"),
    ("x264", "h264"),
    ("x265", "h265"),
    ("x265hq", "h265"),
];

/// Words for contents other than numbered episodes.
const UNNUMBERED: [&str; 6] = ["OVA", "OAD", "ONA", "Фильм", "Спешл", "Спешлы"];

/// The first number that is a year and not the number of an episode.
const FIRST_YEAR: f64 = 1900.0;

/// The facts of a label, which may stand in any order.
///
/// Words in brackets have priority over the others, and later words over earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TorrentLabel {
    /// Source in the spelling of v3.
    pub(super) source: Option<String>,
    /// Resolution: `1080p`, `4k`.
    pub(super) resolution: Option<String>,
    /// Encoder in the spelling of v3.
    pub(super) encoder: Option<&'static str>,
    /// Episodes as the name spells them: `1-13`, `1-13 из 24`, `Фильм`.
    pub(super) episodes: Option<String>,
}

impl TorrentLabel {
    /// Reads the name of a torrent or of its file.
    pub(super) fn read(name: &str) -> Self {
        let (brackets, rest) = split(name);
        // The last brackets come first.
        let labels = brackets.into_iter().rev().map(|text| Self::of_text(text, true));
        labels.chain([Self::of_text(&rest, false)]).fold(Self::default(), Self::or)
    }

    /// Returns the facts, completed by those of `other`.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            source: self.source.or(other.source),
            resolution: self.resolution.or(other.resolution),
            encoder: self.encoder.or(other.encoder),
            episodes: self.episodes.or(other.episodes),
        }
    }

    fn of_text(text: &str, is_bracketed: bool) -> Self {
        let mut label = Self::default();
        let words = words(text);
        let mut previous = "";
        for word in &words {
            label.set_quality(word, previous, is_bracketed);
            previous = word;
        }
        let is_pure = label == Self::default();
        label.episodes =
            if is_bracketed { bracketed_episodes(text, &words, is_pure) } else { loose_episodes(&words) };
        label
    }

    /// Sets the fact about the quality that `word` names, if it names one. A name may be in two words: `WEB Rip`, `H.264`.
    fn set_quality(&mut self, word: &str, previous: &str, is_bracketed: bool) {
        let whole = normal(word);
        let joined = normal(previous) + &whole;
        let find_either = |names| find(names, &joined).or_else(|| find(names, &whole));
        let short_source = || find(&SHORT_SOURCES, &whole).filter(|_| is_bracketed);
        let is_rip = || is_bracketed && whole.len() > "rip".len() && whole.ends_with("rip");
        if let Some(source) = find_either(&SOURCES).or_else(short_source) {
            self.source = Some(source.to_owned());
        } else if let Some(encoder) = find_either(&ENCODERS) {
            self.encoder = Some(encoder);
        } else if let Some(resolution) = resolution(&whole) {
            self.resolution = Some(resolution);
        } else if is_rip() {
            self.source = Some(word.to_owned());
        }
    }
}

/// Splits `name` into the texts in brackets and the rest. Brackets in brackets belong to the outer ones.
fn split(name: &str) -> (Vec<&str>, String) {
    let (mut brackets, mut rest) = (Vec::new(), String::new());
    let (mut depth, mut start) = (0_usize, 0);
    for (position, character) in name.char_indices() {
        let text = name.get(start..position).unwrap_or_default();
        match character {
            '[' | '(' | '{' => {
                if depth == 0 {
                    rest.extend([text, " "]);
                    start = position + 1;
                }
                depth += 1;
            }
            ']' | ')' | '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    brackets.push(text);
                    start = position + 1;
                }
            }
            _ => {}
        }
    }
    let text = name.get(start..).unwrap_or_default();
    if depth > 0 {
        brackets.push(text);
    } else {
        rest.push_str(text);
    }
    (brackets, rest)
}

/// Returns the words of `text`. Names of files may have dots in place of spaces.
fn words(text: &str) -> Vec<&str> {
    let ends = |character: char| character.is_whitespace() || "_,;|/+[](){}".contains(character);
    let words = text.split(ends).flat_map(|word| {
        let is_number = is_episode(word) || is_range(word);
        word.split(move |character| character == '.' && !is_number)
    });
    words.filter(|word| !word.is_empty()).collect()
}

/// Returns `word` in lower case and without hyphens.
fn normal(word: &str) -> String {
    word.replace('-', "").to_lowercase()
}

fn find(names: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// Returns the resolution that `word` names: `1080p` (also with the Cyrillic letter), `1920x1080`, `4k`.
fn resolution(word: &str) -> Option<String> {
    if matches!(word, "2k" | "4k" | "8k") {
        return Some(word.to_owned());
    }
    let are_lines =
        |text: &&str| (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let of_size =
        || word.split_once(['x', 'х', '×']).filter(|(width, _)| are_lines(width)).map(|(_, height)| height);
    let lines = word.strip_suffix(['p', 'р']).or_else(of_size).filter(are_lines)?;
    Some(format!("{lines}p"))
}

/// Returns the episodes that the text in one pair of brackets names: the whole text, if it `is_pure`, which means that it
/// says nothing about the quality.
fn bracketed_episodes(text: &str, words: &[&str], is_pure: bool) -> Option<String> {
    let first = words.first().filter(|word| is_episode(word));
    let found = first.or_else(|| words.iter().find(|word| is_range(word) || is_unnumbered(word)))?;
    Some(if is_pure { text.trim().to_owned() } else { (*found).to_owned() })
}

/// Returns the episodes that a text outside of brackets names: a range, `Фильм` and such, or a number after a dash. The last
/// of them counts, because a title may begin with a number.
fn loose_episodes(words: &[&str]) -> Option<String> {
    let mut single = words.windows(2).filter_map(|pair| match pair {
        ["-" | "–" | "—", number] if is_episode(number) => Some(*number),
        _ => None,
    });
    let named = words.iter().rev().find(|word| is_range(word)).copied();
    let found = named.or(single.next_back()).or(words.iter().rev().find(|word| is_unnumbered(word)).copied());
    found.map(str::to_owned)
}

/// True if `word` is a number of an episode: `5`, `12.5`.
fn is_episode(word: &str) -> bool {
    let is_number = word.starts_with(|first: char| first.is_ascii_digit())
        && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_number && word.parse().is_ok_and(|number: f64| number < FIRST_YEAR)
}

/// True if `word` is a range of episodes: `1-13`.
fn is_range(word: &str) -> bool {
    let ends = word.split_once(['-', '–', '—']);
    ends.is_some_and(|(first, last)| is_episode(first) && is_episode(last))
}

fn is_unnumbered(word: &str) -> bool {
    UNNUMBERED.iter().any(|known| word.to_lowercase() == known.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the facts as text: source, resolution, encoder, episodes; `-` for an unknown one.
    fn facts(name: &str) -> String {
        let label = TorrentLabel::read(name);
        let texts = [label.source, label.resolution, label.encoder.map(str::to_owned), label.episodes];
        texts.map(|text| text.unwrap_or_else(|| "-".to_owned())).join(" | ")
    }

    #[test]
    fn facts_are_found_in_any_order() {
        for (name, expected) in [
            // As the service writes them.
            (
                "High School DxD BorN - AniLibria.TOP [HDTVRip 720p][AVC][1-13]",
                "HDTVRip | 720p | h264 | 1-13",
            ),
            ("Name - AniLibria.TOP [WEBRip 1080p][HEVC][1-12]", "WEBRip | 1080p | h265 | 1-12"),
            ("Name - AniLiberty.TOP [WEB-DLRip 1080p][HEVC][Фильм]", "WEB-DLRip | 1080p | h265 | Фильм"),
            ("Name - AniLibria.TV [BDRip 1080p]", "BDRip | 1080p | - | -"),
            ("Name - AniLibria.TV [DVDRip 480p][AVC][OVA]", "DVDRip | 480p | h264 | OVA"),
            ("Name - AniLibria.TOP [WEBRip 1080p][AVC][1-13 из 24]", "WEBRip | 1080p | h264 | 1-13 из 24"),
            ("Name - AniLibria.TOP [WEBRip 1080p HEVC][7]", "WEBRip | 1080p | h265 | 7"),
            ("X [WEBRip 1080p][AV1][370-500]", "WEBRip | 1080p | av1 | 370-500"),
            ("X [WEBRip 1080p][AVC][1-17 + OVA(1-4)].torrent", "WEBRip | 1080p | h264 | 1-17 + OVA(1-4)"),
            // Other orders and separators.
            ("[1-12][HEVC][1080p][BDRip] Name", "BDRip | 1080p | h265 | 1-12"),
            ("Name (1-12.5) (TVRip, 576p, x264)", "TVRip | 576p | h264 | 1-12.5"),
            ("Name [DTVRip_720p_AVC_1-4]", "DTVRip | 720p | h264 | 1-4"),
            ("Name [05 WEBRip 1080p]", "WEBRip | 1080p | - | 05"),
            ("Name HDTVRip 720p AVC 1-13", "HDTVRip | 720p | h264 | 1-13"),
            ("Name - 05 WEB-DL 2160p HEVC-HQ", "WEB-DL | 2160p | h265 | 05"),
            ("Name.S01.WEB-DL.1080p.H.264.torrent", "WEB-DL | 1080p | h264 | -"),
            ("Name Фильм HDRip 720p", "HDRip | 720p | - | Фильм"),
            ("Name [WEBRip 1080p", "WEBRip | 1080p | - | -"),
            // Spellings.
            ("Name [WEB-Rip 1080р x265]", "WEBRip | 1080p | h265 | -"),
            ("Name [web rip 1080P hevc]", "WEBRip | 1080p | h265 | -"),
            ("Name [WEB-DL Rip 4K x265hq/HEVC-HQ]", "WEB-DLRip | 4k | h265 | -"),
            ("Name [WEB 1920x1080 8bit]", "WEBRip | 1080p | - | -"),
            ("Name [SATRip 400p]", "SATRip | 400p | - | -"),
            ("Name [BD 1080p] [DVD]", "DVDRip | 1080p | - | -"),
            // Words in brackets count more, and the last of them most.
            ("Web Trip 2K 1-2 [v2] - AniLibria [BDRip 1080p][1-12]", "BDRip | 1080p | - | 1-12"),
            ("Name [WEBRip 720p] [BDRip 1080p]", "BDRip | 1080p | - | -"),
            // Words that name nothing.
            ("Ночной Trip - AniLibria.TOP", "- | - | - | -"),
            ("The DVD on the Web 2019-2020 (2019)", "- | - | - | -"),
            ("86", "- | - | - | -"),
            ("", "- | - | - | -"),
            ("]]][[[ - ", "- | - | - | -"),
        ] {
            assert_eq!(facts(name), expected, "{name}");
        }
    }
}
