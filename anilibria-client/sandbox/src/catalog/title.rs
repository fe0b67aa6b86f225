//! Names of releases in Russian, romaji and English, with the same meaning, and names within a series.

use std::collections::HashSet;

use fastrand::Rng;

use crate::random::{random, sample, weighted};

use super::reference::{Choice, MOVIE, ONA, OVA, SPECIAL, TV, WEB};
use super::words::{ADJECTIVES, Adjective, GENITIVES, Gender, NOUNS, Noun, Phrase, SUBTITLES};

/// Maximum number of attempts to find an unused name. After them, two series have the same name.
const MAX_ATTEMPTS: usize = 16;

/// Names of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Title {
    /// Russian name.
    pub(crate) main: String,
    /// Romaji name, in the field that the API calls `english`.
    pub(crate) english: String,
    /// English name; `None` for some releases.
    pub(crate) alternative: Option<String>,
}

impl Title {
    /// Words for a URL: lower-case letters and digits, separated by dashes.
    pub(crate) fn slug(&self) -> String {
        let words = self.english.split(|character: char| !character.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
    }
}

/// Generates unique names for series.
#[derive(Debug, Default)]
pub(super) struct Titles {
    taken: HashSet<[usize; 3]>,
}

impl Titles {
    /// Generates the name of the next series.
    pub(super) fn draw(&mut self, rng: &mut Rng) -> Title {
        let mut parts = Parts::draw(rng);
        for _ in 1..MAX_ATTEMPTS {
            if self.taken.insert(parts.0) {
                break;
            }
            parts = Parts::draw(rng);
        }
        parts.title(random(rng, 60))
    }
}

/// Positions of an adjective, a noun and an genitive in their lists. A position after the end means that there is none.
struct Parts([usize; 3]);

impl Parts {
    fn draw(rng: &mut Rng) -> Self {
        let noun = rng.usize(..NOUNS.len());
        let (adjective, genitive) = match rng.u8(..100) {
            0..15 => (rng.usize(..ADJECTIVES.len()), usize::MAX),
            15..30 => (usize::MAX, rng.usize(..GENITIVES.len())),
            _ => (rng.usize(..ADJECTIVES.len()), rng.usize(..GENITIVES.len())),
        };
        Self([adjective, noun, genitive])
    }

    fn title(&self, with_alternative: bool) -> Title {
        let [adjective, noun, genitive] = self.0;
        let (adjective, genitive) = (ADJECTIVES.get(adjective), GENITIVES.get(genitive));
        let noun = NOUNS.get(noun).unwrap_or(const { &NOUNS[0] });
        Title {
            main: russian(adjective, noun, genitive),
            english: romaji(adjective, noun, genitive),
            alternative: with_alternative.then(|| english(adjective, noun, genitive)),
        }
    }
}

fn russian(adjective: Option<&Adjective>, noun: &Noun, genitive: Option<&Phrase>) -> String {
    let mut words = Vec::with_capacity(3);
    if let Some(Adjective { stem, endings: [masculine, feminine, neuter, plural], .. }) = adjective {
        let ending = match noun.gender {
            Gender::Masculine => masculine,
            Gender::Feminine => feminine,
            Gender::Neuter => neuter,
            Gender::Plural => plural,
        };
        words.push(format!("{stem}{ending}"));
    }
    words.push(noun.russian.to_owned());
    words.extend(genitive.map(|genitive| genitive.russian.to_owned()));
    capitalised(&words.join(" "))
}

fn romaji(adjective: Option<&Adjective>, noun: &Noun, genitive: Option<&Phrase>) -> String {
    let genitive = genitive.map(|genitive| format!("{} no ", genitive.romaji)).unwrap_or_default();
    let adjective = adjective.map(|adjective| format!("{} ", adjective.romaji)).unwrap_or_default();
    format!("{genitive}{adjective}{}", noun.romaji)
}

fn english(adjective: Option<&Adjective>, noun: &Noun, genitive: Option<&Phrase>) -> String {
    let adjective = adjective.map(|adjective| format!("{} ", adjective.english)).unwrap_or_default();
    let genitive = genitive.map(|genitive| format!(" of {}", genitive.english)).unwrap_or_default();
    format!("The {adjective}{}{genitive}", noun.english)
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

/// Generates the `size` releases of a series: type and name of each. The first release has the name of the series.
///
/// The type is `None` for a single release.
pub(super) fn members(series: &Title, size: usize, rng: &mut Rng) -> Vec<(Option<&'static Choice>, Title)> {
    let broadcast = weighted(rng, &[(80, &TV), (12, &WEB), (8, &ONA)]);
    let mut subtitles = sample(rng, SUBTITLES.iter(), size).into_iter();
    let (mut seasons, mut extras) = (1, 0);
    let mut members = vec![((size > 1).then_some(broadcast), series.clone())];
    while members.len() < size {
        let film = subtitles.next().filter(|_| random(rng, 20));
        let (kind, title) = match film {
            Some(film) => (&MOVIE, with_subtitle(series, film)),
            None if random(rng, 70) => {
                seasons += 1;
                let suffix = format!(" {seasons}");
                (broadcast, suffixed(series, &suffix, &suffix))
            }
            None => {
                extras += 1;
                let number = if extras > 1 { format!(" {extras}") } else { String::new() };
                let table = [(60, (&OVA, "OVA", "OVA")), (40, (&SPECIAL, "Спешл", "Special"))];
                let (kind, russian, romaji) = weighted(rng, &table);
                (kind, suffixed(series, &format!(" {russian}{number}"), &format!(" {romaji}{number}")))
            }
        };
        members.push((Some(kind), title));
    }
    members
}

fn suffixed(series: &Title, russian: &str, latin: &str) -> Title {
    Title {
        main: format!("{}{russian}", series.main),
        english: format!("{}{latin}", series.english),
        alternative: series.alternative.as_ref().map(|name| format!("{name}{latin}")),
    }
}

fn with_subtitle(series: &Title, subtitle: &Phrase) -> Title {
    Title {
        main: format!("{}: {}", series.main, subtitle.russian),
        english: format!("{} Movie: {}", series.english, subtitle.romaji),
        alternative: series.alternative.as_ref().map(|name| format!("{name}: {}", subtitle.english)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn russian_titles_agree_in_gender_and_number() {
        let title =
            |adjective: usize, noun: usize, genitive: usize| Parts([adjective, noun, genitive]).title(true);
        let find = |word: &str| NOUNS.iter().position(|noun| noun.russian == word).unwrap();

        assert_eq!(title(1, find("ёж"), 16).main, "Последний ёж тысячи слёз");
        assert_eq!(title(0, find("ведьма"), usize::MAX).main, "Стальная ведьма");
        assert_eq!(title(17, find("озеро"), usize::MAX).main, "Спящее озеро");
        assert_eq!(title(8, find("хроники"), 0).main, "Далёкие хроники рассвета");
        assert_eq!(title(usize::MAX, find("сад"), 0).main, "Сад рассвета");
    }

    #[test]
    fn three_names_have_the_same_meaning() {
        let title = Parts([1, 0, 6]).title(true);

        assert_eq!(title.english, "Nanatsu no Umi no Saigo no Kishi");
        assert_eq!(title.alternative.as_deref(), Some("The Last Knight of the Seven Seas"));
        assert_eq!(title.slug(), "nanatsu-no-umi-no-saigo-no-kishi");
    }

    #[test]
    fn names_of_a_series_have_a_common_prefix_and_are_unique() {
        let series = Parts([1, 0, 6]).title(true);
        for seed in 0..200 {
            let members = members(&series, 4, &mut Rng::with_seed(seed));

            let slugs: HashSet<_> = members.iter().map(|(_, title)| title.slug()).collect();
            assert_eq!(slugs.len(), 4);
            assert!(members.iter().all(|(_, title)| title.main.starts_with(&series.main)));
        }
    }

    #[test]
    fn names_of_series_are_unique_while_unused_ones_exist() {
        let mut titles = Titles::default();
        let mut rng = Rng::with_seed(1);

        let slugs: HashSet<_> = (0..5000).map(|_| titles.draw(&mut rng).slug()).collect();

        assert_eq!(slugs.len(), 5000);
    }
}
