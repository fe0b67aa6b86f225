//! Codes and texts of v3: status, season and kind.

use std::{fmt::Write as _, time::Duration};

use crate::{
    model::{Release, ReleaseKind, Season},
    v3::model::{SeasonCode, Status, StatusCode, TitleType, TypeCode},
};

/// Returns the status of a release. v3 has two more statuses, which API v1 does not know: hidden, and not ongoing.
pub(super) fn status(release: &Release) -> Status {
    if release.is_ongoing || release.is_in_production {
        Status { string: Some("В работе".to_owned()), code: Some(StatusCode::InWork) }
    } else {
        Status { string: Some("Завершен".to_owned()), code: Some(StatusCode::Completed) }
    }
}

/// Returns the Russian name and the code of a season; `None` and 0 if it is unknown.
pub fn season(season: Option<&Season>) -> (Option<&'static str>, SeasonCode) {
    match season {
        Some(Season::Winter) => (Some("зима"), SeasonCode::Winter),
        Some(Season::Spring) => (Some("весна"), SeasonCode::Spring),
        Some(Season::Summer) => (Some("лето"), SeasonCode::Summer),
        Some(Season::Autumn) => (Some("осень"), SeasonCode::Autumn),
        _ => (None, SeasonCode::Unset),
    }
}

/// Returns the kind of a release.
pub(super) fn title_type(release: &Release) -> TitleType {
    let kind = release.kind.as_ref();
    let episodes = release.episodes_total;
    let length = release.average_duration_of_episode;
    TitleType {
        full_string: kind.map(|kind| full_name(kind, episodes, length.map(minutes))),
        code: kind.and_then(code),
        string: kind.map(|kind| kind.as_str().to_owned()),
        episodes,
        length,
    }
}

fn code(kind: &ReleaseKind) -> Option<TypeCode> {
    match kind {
        ReleaseKind::Movie => Some(TypeCode::Movie),
        ReleaseKind::Tv => Some(TypeCode::Tv),
        ReleaseKind::Ova | ReleaseKind::Oad => Some(TypeCode::Ova),
        ReleaseKind::Ona => Some(TypeCode::Ona),
        ReleaseKind::Special => Some(TypeCode::Special),
        ReleaseKind::Web => Some(TypeCode::Web),
        _ => None,
    }
}

fn full_name(kind: &ReleaseKind, episodes: Option<u32>, length: Option<u64>) -> String {
    let mut text = match kind {
        ReleaseKind::Tv => "ТВ",
        // The first letter is Cyrillic, as in v3.
        ReleaseKind::Ona => "ОNA",
        ReleaseKind::Movie => "Фильм",
        ReleaseKind::Dorama => "Дорама",
        ReleaseKind::Special => "Спешл",
        other => other.as_str(),
    }
    .to_owned();
    if let Some(episodes) = episodes {
        // Writing into a string cannot fail.
        let _ = write!(text, " ({episodes} эп.)");
    }
    if let Some(length) = length {
        let _ = write!(text, ", {length} мин.");
    }
    text
}

fn minutes(length: Duration) -> u64 {
    length.as_secs() / 60
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(value: serde_json::Value) -> TitleType {
        title_type(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn type_has_a_number_and_a_text() {
        let tv = kind(json!({
            "id": 1, "type": {"value": "TV"}, "episodes_total": 12, "average_duration_of_episode": 24,
        }));
        let movie = kind(json!({"id": 1, "type": {"value": "MOVIE"}}));

        assert_eq!(tv.full_string.as_deref(), Some("ТВ (12 эп.), 24 мин."));
        assert_eq!(
            (tv.code, tv.string.as_deref(), tv.length),
            (Some(TypeCode::Tv), Some("TV"), Some(Duration::from_mins(24)))
        );
        assert_eq!((movie.full_string.as_deref(), movie.code), (Some("Фильм"), Some(TypeCode::Movie)));
    }

    #[test]
    fn kind_unknown_to_v3_has_a_name_and_no_number() {
        let dorama = kind(json!({"id": 1, "type": {"value": "DORAMA"}, "episodes_total": 16}));
        let none = kind(json!({"id": 1}));

        assert_eq!((dorama.code, dorama.full_string.as_deref()), (None, Some("Дорама (16 эп.)")));
        assert_eq!((none.code, none.string, none.full_string), (None, None, None));
    }
}
