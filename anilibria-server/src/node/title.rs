//! Titles of the Node service, and their validation.
//!
//! The Node service forwards titles of the old API v3. If it cannot load a title, it returns a placeholder title. All fields
//! except the id and the name may be missing or malformed; a malformed field counts as missing.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::NodeError;

/// Ids of the placeholder titles of the Node service.
const PLACEHOLDER_IDS: [u32; 4] = [9919, 9984, 9988, 10027];

/// A title of the Node service. Its URLs may be relative.
#[derive(Clone, Debug, Deserialize)]
pub struct NodeTitle {
    pub(crate) id: u32,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) code: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) names: Names,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) description: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) status: Status,
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(crate) kind: Kind,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) genres: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) season: Season,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) posters: Posters,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) player: Player,
    /// Time of the latest episode, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) updated: Option<i64>,
    /// Time of the last change, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) last_change: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) blocked: Blocked,
    /// Year of the title itself. Only placeholder titles have it; others have a year in their season.
    #[serde(default, deserialize_with = "lenient")]
    year: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Names {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) ru: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) en: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) alternative: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Status {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) string: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) code: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Kind {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) code: Option<i64>,
    /// Number of announced episodes.
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) episodes: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Season {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) code: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) year: Option<i32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Posters {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) small: Picture,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) medium: Picture,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) original: Picture,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Picture {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) url: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Player {
    /// Host of the streams.
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) host: String,
    /// Episodes by number. It is an array if there are none, or if the caller of v3 requested an array.
    #[serde(default)]
    list: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Episode {
    #[serde(default, rename = "episode", deserialize_with = "lenient")]
    pub(crate) number: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) uuid: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) preview: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) skips: Skips,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) hls: Hls,
}

/// First and last second of each part; empty if there is nothing to skip.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Skips {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) opening: Vec<u32>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) ending: Vec<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Hls {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) fhd: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) hd: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) sd: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Blocked {
    #[serde(default, rename = "blocked", deserialize_with = "lenient")]
    pub(crate) anywhere: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) copyrights: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) geoip: bool,
}

impl NodeTitle {
    /// Returns true if this is a placeholder title of the Node service.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.year.is_some() && PLACEHOLDER_IDS.contains(&self.id)
    }
}

impl Player {
    /// Returns the episodes that have a number, each with its number, in their original order.
    pub(crate) fn episodes(&self) -> Vec<(f64, Episode)> {
        let numbered = |key: Option<&str>, value: &Value| {
            let episode = Episode::deserialize(value).ok()?;
            let number = episode.number.or_else(|| key?.parse().ok())?;
            (number.is_finite() && number >= 0.0).then_some((number, episode))
        };
        match &self.list {
            Value::Object(list) => {
                list.iter().filter_map(|(key, value)| numbered(Some(key), value)).collect()
            }
            Value::Array(list) => list.iter().filter_map(|value| numbered(None, value)).collect(),
            _ => Vec::new(),
        }
    }
}

/// Parses the title `id` from `body`, the body of a response.
///
/// # Errors
///
/// Returns an error if `body` contains another title, a title without a name, or a placeholder title.
pub(crate) fn parse_title(body: Value, id: u32) -> Result<NodeTitle, NodeError> {
    let Body { success, data } =
        Body::deserialize(body).map_err(|_| NodeError::invalid("it contains no title"))?;
    if !success {
        return Err(NodeError::invalid("`success` is false"));
    }
    let title =
        NodeTitle::deserialize(Value::Object(data)).map_err(|_| NodeError::invalid("the title has no id"))?;
    if title.id != id {
        return Err(NodeError::invalid("it contains another title"));
    }
    if title.names.ru.trim().is_empty() {
        return Err(NodeError::invalid("the title has no name"));
    }
    if title.is_placeholder() {
        return Err(NodeError::invalid("it contains a placeholder title"));
    }
    Ok(title)
}

#[derive(Deserialize)]
pub(crate) struct Body {
    success: bool,
    /// A map, because serde also accepts an array for a struct.
    data: Map<String, Value>,
}

/// Deserialises a value, or returns the default if the value has another type.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(body: Value) -> &'static str {
        match parse_title(body, 7) {
            Err(NodeError::Invalid { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requested_title_is_accepted() {
        let body = json!({"success": true, "data": {"id": 7, "names": {"ru": "Имя"}}});

        assert_eq!(parse_title(body, 7).unwrap().names.ru, "Имя");
    }

    #[test]
    fn any_other_body_is_an_error() {
        let names = json!({"ru": "Имя"});
        for (body, expected) in [
            (json!(null), "it contains no title"),
            (json!([]), "it contains no title"),
            (json!({"success": true}), "it contains no title"),
            (json!({"success": true, "data": []}), "it contains no title"),
            (json!({"success": true, "data": [{"id": 7, "names": names}]}), "it contains no title"),
            (json!({"success": true, "data": null}), "it contains no title"),
            (json!({"data": {"id": 7, "names": names}}), "it contains no title"),
            (json!({"success": false, "error": {"message": "x"}}), "it contains no title"),
            (json!({"success": false, "data": {"id": 7, "names": names}}), "`success` is false"),
            (json!({"success": true, "data": {}}), "the title has no id"),
            (json!({"success": true, "data": {"id": "7", "names": names}}), "the title has no id"),
            (json!({"success": true, "data": {"id": 7.5, "names": names}}), "the title has no id"),
            (json!({"success": true, "data": {"id": 9919, "names": names}}), "it contains another title"),
            (json!({"success": true, "data": {"id": 7}}), "the title has no name"),
            (json!({"success": true, "data": {"id": 7, "names": {"ru": " "}}}), "the title has no name"),
            (json!({"success": true, "data": {"id": 7, "names": "Имя"}}), "the title has no name"),
        ] {
            assert_eq!(reason(body.clone()), expected, "{body}");
        }
    }

    #[test]
    fn placeholder_with_the_requested_id_is_recognised_by_its_year() {
        let placeholder = json!({"id": 9988, "names": {"ru": "Имя"}, "year": 2025});
        let real = json!({"id": 9988, "names": {"ru": "Имя"}, "season": {"year": 2025}});

        assert!(parse_title(json!({"success": true, "data": placeholder}), 9988).is_err());
        assert!(parse_title(json!({"success": true, "data": real}), 9988).is_ok());
    }

    #[test]
    fn malformed_fields_count_as_missing() {
        let data = json!({
            "id": 7, "names": {"ru": "Имя", "en": 5}, "description": null, "type": "TV", "season": [], "genres": "x",
            "player": {"host": null, "list": {"x": {}, "NaN": {}, "2": 7, "1": {"hls": [], "skips": []}}},
            "updated": "yesterday", "blocked": null,
        });

        let title = parse_title(json!({"success": true, "data": data}), 7).unwrap();

        assert_eq!((title.names.en, title.description), (String::new(), String::new()));
        assert_eq!((title.kind.code, title.season.year, title.updated), (None, None, None));
        let numbers: Vec<_> = title.player.episodes().into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [1.0]);
    }
}
