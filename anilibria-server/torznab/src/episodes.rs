//! Parser for the episode numbers in the description of a torrent.

use std::ops::RangeInclusive;

/// Largest episode number. Larger numbers in a description are years or sizes.
const MAX_EPISODE: u32 = 3000;

/// Maximum number of ranges in one description.
const MAX_RANGES: usize = 16;

/// Consecutive episodes.
pub(crate) type Range = RangeInclusive<u32>;

/// Returns the ranges of episodes in `description`, in ascending order: `1-12`, `5`, `1-12, 14`. Numbers with a fraction, such as
/// those of recaps (`6.5`), do not count.
pub(crate) fn parse_ranges(description: &str) -> Vec<Range> {
    let mut numbers = Numbers::new(description);
    let mut found: Vec<Range> = Vec::new();
    while let Some((first, is_range)) = numbers.next().filter(|_| found.len() < MAX_RANGES) {
        let last = if is_range { numbers.next().map_or(first, |(last, _)| last) } else { first };
        let bounds = (whole(first, f64::ceil), whole(last, f64::floor));
        if let (Some(first), Some(last)) = bounds
            && first <= last
        {
            found.push(first..=last);
        }
    }
    merge(found)
}

/// Returns `ranges` in ascending order, with adjacent ranges joined.
fn merge(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_by_key(|range| *range.start());
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// Returns the longest of `ranges`; of equal ones, the first.
pub(crate) fn longest(ranges: &[Range]) -> Option<&Range> {
    ranges.iter().rev().max_by_key(|range| range.end() - range.start())
}

fn whole(number: f64, round: fn(f64) -> f64) -> Option<u32> {
    let rounded = round(number);
    let is_valid = (0.0..=f64::from(MAX_EPISODE)).contains(&rounded);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    is_valid.then_some(rounded as u32)
}

/// Iterator over the numbers of a text. Each comes with true if a dash and another number follow.
struct Numbers<'t> {
    rest: &'t str,
}

impl<'t> Numbers<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text }
    }
}

impl Iterator for Numbers<'_> {
    type Item = (f64, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.rest.find(|letter: char| letter.is_ascii_digit())?;
        let text = self.rest.get(start..)?;
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        self.rest = rest;
        let number = number.trim_end_matches('.').parse().unwrap_or(f64::INFINITY);
        let after = rest.trim_start();
        let dash = ["-", "–", "—", "~"].into_iter().find_map(|dash| after.strip_prefix(dash));
        Some((number, dash.is_some_and(|after| after.trim_start().starts_with(|c: char| c.is_ascii_digit()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_parsed_and_merged() {
        let cases: [(&str, &[Range]); 15] = [
            ("1-12", &[1..=12]),
            ("Серии 01–24 [END]", &[1..=24]),
            ("5", &[5..=5]),
            ("1 - 12", &[1..=12]),
            ("1-12, 14", &[1..=12, 14..=14]),
            ("13, 1-12", &[1..=13]),
            ("1-6, 7-12", &[1..=12]),
            ("6.5", &[]),
            ("1-6.5", &[1..=6]),
            ("0-12", &[0..=12]),
            ("Фильм", &[]),
            ("", &[]),
            ("12-1", &[]),
            ("99999999999999999999999", &[]),
            ("1-1.1.1", &[]),
        ];
        for (description, expected) in cases {
            assert_eq!(parse_ranges(description), expected, "{description}");
        }
        assert!(parse_ranges(&"1,3,".repeat(1000)).len() <= MAX_RANGES);
    }

    #[test]
    fn longest_range_is_the_first_of_equal_ones() {
        assert_eq!(longest(&[1..=2, 4..=8, 10..=14]), Some(&(4..=8)));
        assert_eq!(longest(&[]), None);
    }
}
