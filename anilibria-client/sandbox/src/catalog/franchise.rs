//! Franchises: releases of one series.

use uuid::Uuid;

use crate::random;

use super::release::Release;
use super::title::Title;

/// Releases of one series, in the order of display.
#[derive(Debug)]
pub(crate) struct Franchise {
    pub(crate) id: Uuid,
    pub(crate) title: Title,
    /// Ids of the releases.
    pub(crate) members: Vec<u32>,
    pub(crate) seed: u64,
}

impl Franchise {
    pub(super) fn new(seed: u64, number: u64, title: Title) -> Self {
        let rng = &mut random::stream(seed, "franchise", number);
        Self { id: random::uuid(rng), seed: rng.u64(..), title, members: Vec::new() }
    }
}

/// Totals of the releases of a franchise.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) first_year: Option<u16>,
    pub(crate) last_year: Option<u16>,
    pub(crate) episodes: usize,
    pub(crate) seconds: u64,
    /// Average rating of the rated releases, in hundredths.
    pub(crate) rating: Option<u32>,
}

impl Totals {
    pub(crate) fn of<'a>(releases: impl Iterator<Item = &'a Release> + Clone) -> Self {
        let ratings: Vec<_> = releases.clone().filter_map(|release| release.rating().average).collect();
        let rated = u32::try_from(ratings.len()).unwrap_or(u32::MAX);
        Self {
            first_year: releases.clone().map(|release| release.year).min(),
            last_year: releases.clone().map(|release| release.year).max(),
            episodes: releases.clone().map(|release| release.episodes.len()).sum(),
            seconds: releases
                .map(|release| u64::from(release.minutes()) * 60 * release.episodes.len() as u64)
                .sum(),
            rating: ratings.iter().sum::<u32>().checked_div(rated),
        }
    }

    /// Duration in Russian, such as "1 день 1 час 23 минуты". `None` without episodes.
    pub(crate) fn duration(&self) -> Option<String> {
        let minutes = self.seconds / 60;
        let parts = [
            (minutes / 1440, ["день", "дня", "дней"]),
            (minutes / 60 % 24, ["час", "часа", "часов"]),
            (minutes % 60, ["минута", "минуты", "минут"]),
        ];
        let words: Vec<_> = parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, forms)| format!("{count} {}", plural(count, forms)))
            .collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}

/// Returns the Russian plural form for `count`: one, few, many.
fn plural(count: u64, [one, few, many]: [&'static str; 3]) -> &'static str {
    match (count % 100, count % 10) {
        (11..=14, _) => many,
        (_, 1) => one,
        (_, 2..=4) => few,
        _ => many,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_formatted_in_russian() {
        let duration = |seconds| {
            Totals { first_year: None, last_year: None, episodes: 0, seconds, rating: None }.duration()
        };

        assert_eq!(duration(0), None);
        assert_eq!(duration(91_380).as_deref(), Some("1 день 1 час 23 минуты"));
        assert_eq!(duration(2 * 86_400 + 11 * 3600 + 21 * 60).as_deref(), Some("2 дня 11 часов 21 минута"));
        assert_eq!(duration(5 * 3600 + 12 * 60).as_deref(), Some("5 часов 12 минут"));
    }
}
