//! Numbers at the end of a searched text.

/// One reading of a searched text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading<'t> {
    /// Words of the name.
    pub(crate) words: Vec<&'t str>,
    /// Number after the name: an absolute number, an episode of a season, or a year.
    pub(crate) number: Option<u32>,
    /// Season in `S01E05` and `S01`.
    pub(crate) season: Option<u16>,
    /// Episode in `S01E05`.
    pub(crate) episode: Option<u32>,
}

/// Returns the readings of a normalised text: `name 13` is a name, and the number 13 of a shorter name.
pub(crate) fn readings(text: &str) -> Vec<Reading<'_>> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let mut readings = vec![Reading { words: words.clone(), ..Reading::default() }];
    let Some((last, before)) = words.split_last().filter(|(_, before)| !before.is_empty()) else {
        return readings;
    };
    let words = before.to_vec();
    if let Some((season, episode)) = season_and_episode(last) {
        readings.push(Reading { words, season: Some(season), episode, number: None });
    } else if let Some(number) = number(last) {
        readings.push(Reading { words, number: Some(number), ..Reading::default() });
    }
    readings
}

/// Reads `s01e05`, `s01`.
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

/// Reads a number of at most four digits.
fn number(word: &str) -> Option<u32> {
    let is_number = (1..=4).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading<'t>(words: &[&'t str]) -> Reading<'t> {
        Reading { words: words.to_vec(), ..Reading::default() }
    }

    #[test]
    fn number_at_the_end_is_read_in_both_ways() {
        let whole = reading(&["mob", "psycho", "100"]);
        let short = Reading { number: Some(100), ..reading(&["mob", "psycho"]) };

        assert_eq!(readings("mob psycho 100"), [whole, short]);
        assert_eq!(readings("name 05")[1], Reading { number: Some(5), ..reading(&["name"]) });
    }

    #[test]
    fn season_and_episode_are_read_at_the_end() {
        let name = reading(&["name"]);
        let (season, episode) = (Some(1), Some(5));

        assert_eq!(readings("name s01e05")[1], Reading { season, episode, ..name.clone() });
        assert_eq!(readings("name s01")[1], Reading { season, ..name });
        for text in ["86", "s01e05", "name", "name s", "name se5", "name s1e", "name 123456"] {
            assert_eq!(readings(text).len(), 1, "{text}");
        }
        assert_eq!(readings(""), [Reading::default()]);
    }
}
