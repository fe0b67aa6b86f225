//! An episode inside a title's player.

use std::{borrow::Cow, cmp::Ordering, fmt, num::ParseFloatError, str::FromStr};

use poem_openapi::{
    Enum, Object,
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde_json::{Number, Value};

/// An episode to watch.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct Episode {
    /// AniLibria's id of the episode; `null` if unknown.
    #[oai(nullable)]
    pub id: Option<String>,
    /// Number of the episode; a fraction for some specials, such as 7.5.
    pub number: EpisodeNumber,
    /// Name of the episode; empty if it has none.
    pub name: String,
    /// Absolute URL of the preview picture; `null` if there is none.
    #[oai(nullable)]
    pub preview: Option<String>,
    /// Length of the episode, in seconds; `null` if unknown.
    #[oai(nullable)]
    pub duration: Option<u32>,
    /// Streams, best quality first.
    pub sources: Vec<Source>,
    /// Start and end of the opening; `null` if unknown.
    #[oai(nullable)]
    pub opening: Option<Skip>,
    /// Start and end of the ending; `null` if unknown.
    #[oai(nullable)]
    pub ending: Option<Skip>,
}

/// One stream of an episode.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Source {
    /// Picture quality.
    pub quality: Quality,
    /// Absolute URL of the stream.
    pub url: String,
    /// Format of the stream.
    #[oai(rename = "type")]
    pub kind: SourceKind,
}

/// Picture quality of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Quality {
    /// Full HD.
    #[oai(rename = "1080p")]
    FullHd,
    /// HD.
    #[oai(rename = "720p")]
    Hd,
    /// Standard definition.
    #[oai(rename = "480p")]
    Sd,
}

/// Format of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum SourceKind {
    /// An HLS playlist.
    Hls,
    /// One MP4 file.
    Mp4,
}

/// A part of an episode that a player can skip, in seconds from the start of the episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object)]
pub struct Skip {
    /// Start of the part, in seconds; `null` if unknown.
    #[oai(nullable)]
    pub start: Option<u32>,
    /// End of the part, in seconds; `null` if unknown.
    #[oai(nullable)]
    pub stop: Option<u32>,
}

/// Number of an episode: whole for most, fractional for some specials.
///
/// Its text form, `7` or `7.5`, is the episode's key in `player.episodes`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct EpisodeNumber(f64);

impl EpisodeNumber {
    /// Returns true if this is the number of a regular episode.
    pub fn is_whole(self) -> bool {
        self.0.fract() == 0.0
    }

    /// Returns the number as an integer, if JSON readers represent it exactly.
    fn whole(self) -> Option<i64> {
        /// Largest integer up to which a double represents every integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;

        #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range, as checked")]
        (self.0.fract() == 0.0 && self.0.abs() <= EXACT).then_some(self.0 as i64)
    }
}

impl From<f64> for EpisodeNumber {
    fn from(number: f64) -> Self {
        Self(number)
    }
}

impl fmt::Display for EpisodeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `f64` prints integers without a fraction.
        self.0.fmt(f)
    }
}

/// Key of an episode in `player.episodes`: its number as text. Keys are sorted in AniLibria's order.
#[derive(Clone, Copy, Debug)]
pub struct EpisodeKey {
    position: i64,
    number: f64,
}

impl EpisodeKey {
    /// Creates the key of the episode `number` at `position`. An episode without a position is sorted last.
    pub fn new(position: Option<i64>, number: f64) -> Self {
        Self { position: position.unwrap_or(i64::MAX), number }
    }
}

impl Ord for EpisodeKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.position.cmp(&other.position).then(self.number.total_cmp(&other.number))
    }
}

impl PartialOrd for EpisodeKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for EpisodeKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for EpisodeKey {}

impl fmt::Display for EpisodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl FromStr for EpisodeKey {
    type Err = ParseFloatError;

    fn from_str(text: &str) -> Result<Self, ParseFloatError> {
        Ok(Self::new(None, text.parse()?))
    }
}

impl Type for EpisodeNumber {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "number_double".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            example: Some(7.into()),
            ..MetaSchema::new_with_format("number", "double")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for EpisodeNumber {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        f64::parse_from_json(value).map(Self).map_err(ParseError::propagate)
    }
}

impl ToJSON for EpisodeNumber {
    fn to_json(&self) -> Option<Value> {
        let number = self.whole().map_or_else(|| Number::from_f64(self.0), |whole| Some(whole.into()));
        // JSON has no infinities, and AniLibria sends none.
        Some(number.map_or(Value::from(0), Value::Number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_episode_number_is_printed_as_integer() {
        let whole = EpisodeNumber::from(7.0);

        assert_eq!(whole.to_json_string(), "7");
        assert_eq!(whole.to_string(), "7");
    }

    #[test]
    fn fractional_episode_number_keeps_its_fraction() {
        let special = EpisodeNumber::from(7.5);

        assert_eq!(special.to_json_string(), "7.5");
        assert_eq!(special.to_string(), "7.5");
    }
}
