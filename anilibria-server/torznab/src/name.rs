//! Parser for the season and the part of a season in a name.

use crate::word_index::normalised;

/// Largest number at the end of a name that can be a season. Larger ones belong to the name.
const MAX_TRAILING_NUMBER: u16 = 9;

/// Largest season or part in a name.
const MAX_NUMBER: u16 = 99;

/// Ordinal numbers from 1.
const ORDINALS: [&str; 10] =
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/// Russian ordinal numbers from 1, in normal form: without the breve of `й`.
const RUSSIAN_ORDINALS: [&str; 10] = [
    "первыи",
    "второи",
    "третии",
    "четвертыи",
    "пятыи",
    "шестои",
    "седьмои",
    "восьмои",
    "девятыи",
    "десятыи",
];

/// Roman numerals from 1. `X` is missing, because it is more often a name than a number.
const ROMAN: [&str; 9] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];

const SEASON: [&str; 2] = ["season", "сезон"];

const PART: [&str; 4] = ["part", "cour", "часть", "кур"];

/// Words that mark a special at the end of a name, in normal form.
const SPECIAL: [&str; 9] = ["ova", "ovas", "oad", "oads", "special", "specials", "спешл", "спешлы", "спэшл"];

/// A name, split into its base, its season and its part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name without season and part.
    pub(crate) base: String,
    /// Season that is marked as such: `2nd Season`, `S2`.
    pub(crate) season: Option<u16>,
    /// Part of a season: `Part 2`, `2nd Cour`.
    pub(crate) part: Option<u16>,
    /// True for `Final Season`.
    pub(crate) is_final: bool,
    /// The base without the number at its end, and this number. Other releases decide whether the number is a season.
    pub(crate) trailing_number: Option<(String, u16)>,
}

impl Name {
    /// Parses a name.
    pub(crate) fn parse(name: &str) -> Self {
        let mut parsed = Self::at_end(name);
        if parsed.season.is_none() && parsed.part.is_none() {
            // A subtitle may follow the season: `Name 2nd Season: Subtitle`.
            let head = before_subtitles(&parsed.base).map(Self::at_end).find(|head| head.season.is_some());
            if let Some(head) = head {
                return head;
            }
            parsed.trailing_number = trailing_number(&parsed.base);
        }
        parsed
    }

    /// True if the name has neither a season nor a part.
    pub(crate) fn is_unmarked(&self) -> bool {
        self.season.is_none() && self.part.is_none() && !self.is_final
    }

    /// Parses the season and the part at the end of a name.
    fn at_end(name: &str) -> Self {
        let mut words: Vec<&str> = name.split_whitespace().collect();
        let mut parsed = Self::default();
        loop {
            let plain: Vec<String> = words.iter().rev().take(2).map(|word| normalised(word)).collect();
            let word = |place: usize| plain.get(place).map_or("", String::as_str);
            let mut longer = parsed.clone();
            let taken = longer.take(word(1), word(0));
            if taken == 0 || taken >= words.len() {
                break;
            }
            parsed = longer;
            words.truncate(words.len() - taken);
            let is_article = words.last().is_some_and(|word| word.eq_ignore_ascii_case("the"));
            if parsed.is_final && is_article && words.len() > 1 {
                words.pop();
            }
        }
        Self { base: trimmed(&words.join(" ")).to_owned(), ..parsed }
    }

    /// Parses the last two words of a name. Returns the number of words that belong to a season or part.
    fn take(&mut self, before: &str, last: &str) -> usize {
        let (is_season, is_part) = (SEASON.contains(&last), PART.contains(&last));
        let (ordinal, cardinal) = (ordinal(before), cardinal(last));
        if matches!(last, "tv" | "тв") {
            return 1;
        }
        if is_season && (before == "final" || before.starts_with("финальн")) {
            self.is_final = true;
            return 2;
        }
        let (number, slot, taken) = if is_season {
            (ordinal, &mut self.season, 2)
        } else if is_part {
            (ordinal, &mut self.part, 2)
        } else if SEASON.contains(&before) {
            (cardinal, &mut self.season, 2)
        } else if PART.contains(&before) {
            (cardinal, &mut self.part, 2)
        } else {
            (short_season(last), &mut self.season, 1)
        };
        let Some(number) = number else { return 0 };
        slot.get_or_insert(number);
        taken
    }
}

/// Returns the name without the words at its end that mark a special.
pub(crate) fn without_special(name: &str) -> &str {
    let mut rest = trimmed(name);
    while let Some((start, last)) = rest.rsplit_once(char::is_whitespace) {
        let last = normalised(last);
        let is_special = last.split(' ').any(|word| SPECIAL.contains(&word));
        let is_number = last.parse::<u16>().is_ok_and(|number| number <= MAX_TRAILING_NUMBER);
        let is_numbered = is_number && without_special(start) != trimmed(start);
        if !is_special && !is_numbered {
            break;
        }
        rest = trimmed(start);
    }
    rest
}

/// Returns the text of `name` before each of its subtitles, the longest first.
pub(crate) fn before_subtitles(name: &str) -> impl Iterator<Item = &str> {
    let places = name.rmatch_indices(' ').filter_map(|(place, _)| {
        let head = name.get(..place)?;
        let dash = [" -", " –", " —"].into_iter().find_map(|dash| head.strip_suffix(dash));
        dash.or_else(|| head.strip_suffix(':'))
    });
    places.map(trimmed).filter(|head| !head.is_empty())
}

/// Returns the number at the end of a name, with the name before it.
fn trailing_number(name: &str) -> Option<(String, u16)> {
    let (start, last) = name.rsplit_once(char::is_whitespace)?;
    let word = last.to_lowercase();
    let digits = last.parse().ok().filter(|_| last.len() == 1);
    let number =
        digits.or_else(|| roman(&word)).filter(|number| (2..=MAX_TRAILING_NUMBER).contains(number))?;
    Some((trimmed(start).to_owned(), number))
}

/// Parses a number that follows `Season` or `Part`: `2`, `02`, `ii`.
fn cardinal(word: &str) -> Option<u16> {
    word.parse().ok().filter(|number| (1..=MAX_NUMBER).contains(number)).or_else(|| roman(word))
}

/// Parses a number that precedes `Season`: `2nd`, `second`, `2-й`, `2`. The word is normalised, so `й` is `и`.
fn ordinal(word: &str) -> Option<u16> {
    let digits = word.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let ending = word.get(digits.len()..).unwrap_or_default().trim();
    let is_ordinal = matches!(ending, "" | "st" | "nd" | "rd" | "th" | "и" | "ыи" | "ои");
    let named = |list: &[&str]| list.iter().zip(1..).find(|(known, _)| **known == word).map(|(_, n)| n);
    let number = digits.parse().ok().filter(|number| is_ordinal && (1..=MAX_NUMBER).contains(number));
    number.or_else(|| named(&ORDINALS)).or_else(|| named(&RUSSIAN_ORDINALS))
}

/// Parses a short season: `s2`, `tv 2`, `тв 2`.
fn short_season(word: &str) -> Option<u16> {
    let number = ["s", "tv ", "тв "].into_iter().find_map(|start| word.strip_prefix(start))?;
    let is_number = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|number| is_number && *number > 0)
}

fn roman(word: &str) -> Option<u16> {
    ROMAN.iter().zip(1..).find(|(known, _)| **known == word).map(|(_, number)| number)
}

/// Returns the text without separators at its ends.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter: char| {
        letter.is_whitespace() || matches!(letter, ':' | '-' | '–' | '—' | ',' | '~')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the base, the season and the part of a name.
    fn read(name: &str) -> (String, Option<u16>, Option<u16>) {
        let Name { base, season, part, .. } = Name::parse(name);
        (base, season, part)
    }

    #[test]
    fn season_and_part_are_read_at_the_end() {
        let cases = [
            ("Shingeki no Kyojin", "Shingeki no Kyojin", None, None),
            ("Shingeki no Kyojin Season 3 Part 2", "Shingeki no Kyojin", Some(3), Some(2)),
            ("Re:Zero 2nd Season Part 2", "Re:Zero", Some(2), Some(2)),
            ("Enen no Shouboutai: Ni no Shou", "Enen no Shouboutai: Ni no Shou", None, None),
            ("Mushoku Tensei 2nd Cour", "Mushoku Tensei", None, Some(2)),
            ("Golden Kamuy Third Season", "Golden Kamuy", Some(3), None),
            ("Dr. Stone S2", "Dr. Stone", Some(2), None),
            ("Bleach (TV)", "Bleach", None, None),
            ("Mashiro TV-2", "Mashiro", Some(2), None),
            ("Атака титанов 2 сезон", "Атака титанов", Some(2), None),
            ("Атака титанов. Третий сезон", "Атака титанов.", Some(3), None),
            ("Date A Live 2nd Season: Twin", "Date A Live", Some(2), None),
            ("Season 2", "Season 2", None, None),
            ("Lupin III: Part 5", "Lupin III", None, Some(5)),
            ("Mob Psycho 100", "Mob Psycho 100", None, None),
        ];
        for (name, base, season, part) in cases {
            assert_eq!(read(name), (base.to_owned(), season, part), "{name}");
        }
    }

    #[test]
    fn final_season_is_recognised() {
        let name = Name::parse("Shingeki no Kyojin: The Final Season Part 2");

        assert_eq!((name.base.as_str(), name.is_final, name.part), ("Shingeki no Kyojin", true, Some(2)));
        assert_eq!(name.season, None);
    }

    #[test]
    fn number_at_the_end_is_a_candidate_for_the_season() {
        let trailing_number = |name: &str| Name::parse(name).trailing_number;

        assert_eq!(trailing_number("Kono Subarashii Sekai 3"), Some(("Kono Subarashii Sekai".to_owned(), 3)));
        assert_eq!(trailing_number("Mob Psycho 100 II"), Some(("Mob Psycho 100".to_owned(), 2)));
        assert_eq!(trailing_number("No. 6"), Some(("No.".to_owned(), 6)));
        for name in ["Mob Psycho 100", "Steins;Gate 0", "86", "Mix", "Uchuu Senkan Yamato 2199", "Hunter X"] {
            assert_eq!(trailing_number(name), None, "{name}");
        }
    }

    #[test]
    fn words_of_specials_are_removed() {
        for (name, rest) in [
            ("Akira OVA", "Akira"),
            ("Akira OVA 2", "Akira"),
            ("Akira: Special", "Akira"),
            ("Akira 2", "Akira 2"),
            ("OVA", "OVA"),
        ] {
            assert_eq!(without_special(name), rest, "{name}");
        }
    }
}
