//! Parameters of API v1 and of the site's player.

use std::borrow::Cow;

use anilibria_client::{
    model::{FranchiseId, ReleaseKind, ReleaseRef, Season},
    request::is_reserved,
};
use anilibria_http::params::{PathValue, Reason, Value, first, parse_integer};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use uuid::Uuid;

/// Maximum number of characters of a search text.
const MAX_TEXT: usize = 100;

/// Maximum number of characters of a readable id.
const MAX_CODE: usize = 200;

/// Path of AniLibria's releases. Some paths below it are other operations, whose names are not readable ids.
const RELEASES: &str = "/anime/releases";

/// Names of routes, which are never readable ids of titles.
const ROUTE_NAMES: [&str; 16] = [
    "v1",
    "v2",
    "popular",
    "updates",
    "search",
    "random",
    "genres",
    "schedule",
    "youtube",
    "titles",
    "years",
    "seasons",
    "franchise",
    "team",
    "status",
    "sync",
];

/// Text to search for, at least one character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AnyText(pub(super) String);

/// Reference to a title by number or by readable id; `None` if the value cannot identify a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TitleRef(pub(super) Option<ReleaseRef>);

/// Reference to the franchises of a title, or to one franchise by its id; `None` if the value cannot identify any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FranchiseRef(pub(super) Option<Franchises>);

/// Selection of franchises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Franchises {
    /// Franchises of a title.
    OfTitle(u32),
    /// One franchise.
    One(FranchiseId),
}

/// A season, as a Russian or English name or as a number of API v3; `None` if omitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeasonParam(pub(super) Option<Season>);

/// A kind of work, as a name or as a number of API v3; `None` if omitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KindParam(pub(super) Option<ReleaseKind>);

/// Number of an episode, formatted as in the keys of episodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EpisodeNumber(pub(super) String);

/// Picture quality, as a number of lines; `None` for the best quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QualityParam(pub(super) Option<u16>);

fn text() -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")))
}

impl Value for AnyText {
    const REQUIRED: bool = true;

    fn schema() -> MetaSchemaRef {
        text()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let text = first(values).ok_or("is required")?;
        if text.chars().take(MAX_TEXT + 1).count() > MAX_TEXT {
            return Err(format!("must have 1 to {MAX_TEXT} characters").into());
        }
        Ok(Self(text.into_owned()))
    }
}

impl Value for TitleRef {
    const REQUIRED: bool = true;

    fn schema() -> MetaSchemaRef {
        text()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let text = first(values).ok_or("is required")?;
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let id = text.parse().ok().filter(|id: &u32| *id > 0);
            return Ok(Self(id.map(ReleaseRef::from)));
        }
        let is_code = text.len() <= MAX_CODE
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !ROUTE_NAMES.contains(&&*text)
            && !is_reserved(RELEASES, &text);
        Ok(Self(is_code.then(|| ReleaseRef::from(&*text))))
    }
}

impl PathValue for TitleRef {
    const NAME: &'static str = "id";
}

impl Value for FranchiseRef {
    const REQUIRED: bool = true;

    fn schema() -> MetaSchemaRef {
        text()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let text = first(values).ok_or("is required")?;
        let of_title = parse_integer(&text).filter(|id| *id > 0).map(Franchises::OfTitle);
        let one = || Uuid::parse_str(&text).ok().map(|id| Franchises::One(FranchiseId(id)));
        Ok(Self(of_title.or_else(one)))
    }
}

impl PathValue for FranchiseRef {
    const NAME: &'static str = "id";
}

impl Value for SeasonParam {
    fn schema() -> MetaSchemaRef {
        text()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let Some(word) = first(values) else { return Ok(Self(None)) };
        let season = match word.to_lowercase().as_str() {
            "1" | "winter" | "зима" => Season::Winter,
            "2" | "spring" | "весна" => Season::Spring,
            "3" | "summer" | "лето" => Season::Summer,
            "4" | "autumn" | "осень" => Season::Autumn,
            _ => return Err("must be winter, spring, summer or autumn".into()),
        };
        Ok(Self(Some(season)))
    }
}

impl Value for KindParam {
    fn schema() -> MetaSchemaRef {
        text()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let Some(word) = first(values) else { return Ok(Self(None)) };
        let kind = match word.to_lowercase().as_str() {
            "0" | "movie" => ReleaseKind::Movie,
            "1" | "tv" => ReleaseKind::Tv,
            "2" | "ova" => ReleaseKind::Ova,
            "3" | "ona" => ReleaseKind::Ona,
            "4" | "special" => ReleaseKind::Special,
            "5" | "web" => ReleaseKind::Web,
            _ => return Err("must be tv, movie, ova, ona, special or web".into()),
        };
        Ok(Self(Some(kind)))
    }
}

impl Value for EpisodeNumber {
    const REQUIRED: bool = true;

    fn schema() -> MetaSchemaRef {
        text()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let text = first(values).ok_or("is required")?;
        let number: Option<f64> =
            text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
        // `07` becomes `7`.
        number.map(|number| Self(number.to_string())).ok_or_else(|| "must be the number of an episode".into())
    }
}

impl Value for QualityParam {
    fn schema() -> MetaSchemaRef {
        text()
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let Some(word) = first(values) else { return Ok(Self(None)) };
        match word.to_lowercase().as_str() {
            "auto" | "best" => Ok(Self(None)),
            "1080" | "1080p" | "fhd" => Ok(Self(Some(1080))),
            "720" | "720p" | "hd" => Ok(Self(Some(720))),
            "480" | "480p" | "sd" => Ok(Self(Some(480))),
            _ => Err("must be 1080p, 720p, 480p or auto".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Value>(text: &str) -> Result<T, Reason> {
        T::read(std::iter::once(Cow::Borrowed(text)))
    }

    #[test]
    fn title_is_a_number_or_a_readable_id_that_is_no_route() {
        assert_eq!(read("9000"), Ok(TitleRef(Some(ReleaseRef::from(9000)))));
        assert_eq!(read("sword-art-online"), Ok(TitleRef(Some(ReleaseRef::from("sword-art-online")))));
        for text in ["0", "99999999999", "..", "a/b", "кот", "search", "v2", "%2e%2e", "latest", "episodes"]
        {
            assert_eq!(read(text), Ok(TitleRef(None)), "{text}");
        }
    }

    #[test]
    fn franchise_is_the_number_of_a_title_or_its_own_id() {
        let id = "9b5e26ee-598f-4b8b-b77e-188d3e456301";

        assert_eq!(read("7"), Ok(FranchiseRef(Some(Franchises::OfTitle(7)))));
        assert!(matches!(read(id), Ok(FranchiseRef(Some(Franchises::One(_))))));
        assert_eq!(read("x"), Ok(FranchiseRef(None)));
    }

    #[test]
    fn seasons_and_kinds_are_parsed_in_all_spellings() {
        for word in ["winter", "Зима", "1"] {
            assert_eq!(read(word), Ok(SeasonParam(Some(Season::Winter))), "{word}");
        }
        assert_eq!(read("TV"), Ok(KindParam(Some(ReleaseKind::Tv))));
        assert_eq!(read(""), Ok(KindParam(None)));
        assert!(read::<SeasonParam>("x").is_err() && read::<KindParam>("x").is_err());
    }

    #[test]
    fn episode_number_is_formatted_as_in_keys() {
        assert_eq!(read("07"), Ok(EpisodeNumber("7".to_owned())));
        assert_eq!(read("7.50"), Ok(EpisodeNumber("7.5".to_owned())));
        for text in ["", "x", "-1", "NaN", "inf"] {
            assert!(read::<EpisodeNumber>(text).is_err(), "{text}");
        }
    }
}
