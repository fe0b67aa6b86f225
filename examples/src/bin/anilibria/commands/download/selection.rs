//! The episodes and the quality to download.

use std::{ops::RangeInclusive, str::FromStr};

use anilibria_client::{
    download::SpeedLimit,
    model::{Episode, Ordinal, Quality},
};
use clap::ValueEnum;

/// Maximum number of parts of a selection.
const MAX_PARTS: usize = 100;

/// Episodes by their numbers: `1-3,5,12.5`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Selection(Vec<RangeInclusive<f64>>);

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split(',').take(MAX_PARTS + 1).collect();
        if parts.len() > MAX_PARTS {
            return Err(format!("more than {MAX_PARTS} parts"));
        }
        parts.into_iter().map(part).collect::<Result<_, _>>().map(Self)
    }
}

fn part(text: &str) -> Result<RangeInclusive<f64>, String> {
    let number = |text: &str| {
        let number: Option<f64> = text.trim().parse().ok();
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| format!("`{}` is no number of an episode", text.trim()))
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if first > last { Err(format!("`{}` ends before it begins", text.trim())) } else { Ok(first..=last) }
}

impl Selection {
    /// Returns true if the episode with this number is selected.
    pub(super) fn contains(&self, ordinal: Ordinal) -> bool {
        self.0.iter().any(|part| part.contains(&ordinal.get()))
    }

    /// Returns the first part that selects none of `episodes`.
    pub(super) fn missing(&self, episodes: &[Episode]) -> Option<String> {
        let is_missing = |part: &&RangeInclusive<f64>| {
            !episodes.iter().any(|episode| part.contains(&episode.ordinal.get()))
        };
        self.0.iter().find(is_missing).map(|part| match (part.start(), part.end()) {
            (first, last) if first.total_cmp(last).is_eq() => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        })
    }
}

/// The highest quality to download.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum MaxQuality {
    /// 480 lines
    #[value(name = "480", alias = "480p")]
    Sd,
    /// 720 lines
    #[value(name = "720", alias = "720p")]
    Hd,
    /// 1080 lines
    #[value(name = "1080", alias = "1080p")]
    FullHd,
    /// The best there is
    #[default]
    Best,
}

impl From<MaxQuality> for Quality {
    fn from(quality: MaxQuality) -> Self {
        match quality {
            MaxQuality::Sd => Self::Sd,
            MaxQuality::Hd => Self::Hd,
            MaxQuality::FullHd | MaxQuality::Best => Self::FullHd,
        }
    }
}

/// Parses a number of bytes per second: `500K`, `2M`, `1500000`.
pub(super) fn rate(text: &str) -> Result<SpeedLimit, String> {
    let (number, factor) = match text.char_indices().next_back() {
        Some((end, 'k' | 'K')) => (&text[..end], 1 << 10),
        Some((end, 'm' | 'M')) => (&text[..end], 1 << 20),
        Some((end, 'g' | 'G')) => (&text[..end], 1 << 30),
        _ => (text, 1),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    match bytes {
        None => Err("expected bytes per second, such as 500K or 2M".to_owned()),
        Some(0) => Err("must be more than zero".to_owned()),
        Some(bytes) => Ok(SpeedLimit::BytesPerSecond(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selection_is_numbers_and_ranges() {
        let selection: Selection = "1-3, 5,12.5".parse().unwrap();

        for (ordinal, expected) in
            [(1.0, true), (2.5, true), (3.0, true), (4.0, false), (5.0, true), (12.5, true)]
        {
            assert_eq!(selection.contains(Ordinal(ordinal)), expected, "{ordinal}");
        }
        for text in ["", "a", "3-1", "1-", "-1", "1,,2", "NaN", "inf", "1-inf"] {
            assert!(text.parse::<Selection>().is_err(), "{text}");
        }
        assert!("1,".repeat(MAX_PARTS).parse::<Selection>().unwrap_err().contains("100"));
    }

    #[test]
    fn selection_names_the_part_that_is_missing() {
        let mut episode = Episode::default();
        episode.ordinal = Ordinal(2.0);

        let missing = |text: &str| text.parse::<Selection>().unwrap().missing(std::slice::from_ref(&episode));

        assert_eq!(missing("1-3"), None);
        assert_eq!(missing("2,7").as_deref(), Some("7"));
        assert_eq!(missing("7-9").as_deref(), Some("7-9"));
    }

    #[test]
    fn rate_has_units_of_1024() {
        assert_eq!(rate("2M"), Ok(SpeedLimit::BytesPerSecond(2 << 20)));
        assert_eq!(rate("500k"), Ok(SpeedLimit::BytesPerSecond(500 << 10)));
        assert_eq!(rate("1"), Ok(SpeedLimit::BytesPerSecond(1)));
        for text in ["", "M", "0", "0K", "-1", "1.5M", "2MB", "99999999999G", "2М"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
