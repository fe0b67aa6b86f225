//! Interpretation of the number at the end of a search text.

/// A possible meaning of a search text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interpretation<'t> {
    /// Words of the name.
    pub(crate) words: Vec<&'t str>,
    /// Number after the name: an absolute number, an episode of a season, or a year.
    pub(crate) number: Option<u32>,
    /// Season after the name: `S01E05`, `S01`.
    pub(crate) season: Option<u16>,
    /// Episode after the name: `S01E05`.
    pub(crate) episode: Option<u32>,
}

/// Returns the possible meanings of a normalised text: `name 13` is a name, or the number 13 after the name `name`. The first one
/// is always the name alone.
pub(crate) fn interpretations(text: &str) -> Vec<Interpretation<'_>> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let mut interpretations = vec![Interpretation { words: words.clone(), ..Interpretation::default() }];
    let Some((last, before)) = words.split_last().filter(|(_, before)| !before.is_empty()) else {
        return interpretations;
    };
    let words = before.to_vec();
    if let Some((season, episode)) = season_and_episode(last) {
        interpretations.push(Interpretation { words, season: Some(season), episode, number: None });
    } else if let Some(number) = number(last) {
        interpretations.push(Interpretation { words, number: Some(number), ..Interpretation::default() });
    }
    interpretations
}

/// Parses `s01e05` or `s01`.
fn season_and_episode(word: &str) -> Option<(u16, Option<u32>)> {
    let rest = word.strip_prefix('s')?;
    let (season, episode) =
        rest.split_once('e').map_or((rest, None), |(season, episode)| (season, Some(episode)));
    let season = u16::try_from(number(season)?).ok()?;
    match episode {
        Some(episode) => Some((season, Some(number(episode)?))),
        None => Some((season, None)),
    }
}

/// Parses a number of one to four digits.
fn number(word: &str) -> Option<u32> {
    let is_number = (1..=4).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpretation<'t>(words: &[&'t str]) -> Interpretation<'t> {
        Interpretation { words: words.to_vec(), ..Interpretation::default() }
    }

    #[test]
    fn number_at_the_end_has_two_interpretations() {
        let whole = interpretation(&["mob", "psycho", "100"]);
        let short = Interpretation { number: Some(100), ..interpretation(&["mob", "psycho"]) };

        assert_eq!(interpretations("mob psycho 100"), [whole, short]);
        assert_eq!(
            interpretations("name 05")[1],
            Interpretation { number: Some(5), ..interpretation(&["name"]) }
        );
    }

    #[test]
    fn season_and_episode_are_parsed_at_the_end() {
        let name = interpretation(&["name"]);
        let (season, episode) = (Some(1), Some(5));

        assert_eq!(interpretations("name s01e05")[1], Interpretation { season, episode, ..name.clone() });
        assert_eq!(interpretations("name s01")[1], Interpretation { season, ..name });
        for text in ["86", "s01e05", "name", "name s", "name se5", "name s1e", "name 123456"] {
            assert_eq!(interpretations(text).len(), 1, "{text}");
        }
        assert_eq!(interpretations(""), [Interpretation::default()]);
    }
}
