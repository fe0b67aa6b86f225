//! The fields of a title that must have the same values in both services.

use poem_openapi::types::ToJSON as _;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    node::NodeTitle,
    titles::{from_node, model::title::TitleStatus},
};

/// Names of the compared fields.
const FIELDS: [&str; 5] = ["id", "names", "description", "year", "status"];

/// Compared fields of a title, in the format of version 2. Values are normalized: texts have no surrounding whitespace, lines end
/// with a line feed, and an unknown value is null.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedFields {
    /// Values of [`FIELDS`].
    values: [Value; FIELDS.len()],
    /// True if the status `ongoing` may mean `announced`: the Node service has one word for both, and the title has no episode
    /// that would distinguish them.
    is_status_ambiguous: bool,
}

/// A field whose values differ between the services.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Name of the field.
    pub field: &'static str,
    /// Value in the Node service.
    pub nodejs_value: Value,
    /// Value in this service.
    pub python_value: Value,
}

impl Difference {
    /// Creates the difference for a title `id` that only the Node service has.
    pub fn only_in_node(id: u32) -> Self {
        Self { field: "id", nodejs_value: id.into(), python_value: Value::Null }
    }

    /// Creates the difference for a title `id` that only this service has.
    pub fn only_in_ours(id: u32) -> Self {
        Self { field: "id", nodejs_value: Value::Null, python_value: id.into() }
    }
}

impl ComparedFields {
    /// Reads the fields of a title in the format of the Node service.
    pub fn of_node(title: &NodeTitle) -> Self {
        let title = from_node::convert(title, None);
        let is_status_ambiguous = title.status == TitleStatus::Ongoing && title.player.episodes.is_empty();
        Self { is_status_ambiguous, ..Self::of_json(&title.to_json().unwrap_or_default()) }
    }

    /// Reads the fields of a title in the format of version 2.
    pub fn of_json(title: &Value) -> Self {
        let values = FIELDS.map(|field| {
            let value = title.get(field).unwrap_or(&Value::Null);
            match field {
                "names" => {
                    let name = |kind: &str| normalized(value.get(kind).unwrap_or(&Value::Null));
                    json!({"ru": name("ru"), "en": name("en"), "alternative": name("alternative")})
                }
                "year" => {
                    if *value == 0 {
                        Value::Null
                    } else {
                        value.clone()
                    }
                }
                _ => normalized(value),
            }
        });
        Self { values, is_status_ambiguous: false }
    }

    /// Returns the id.
    pub fn id(&self) -> Option<u32> {
        let [id, ..] = &self.values;
        u32::try_from(id.as_u64()?).ok()
    }

    /// Returns the differences between these fields, of the Node service, and `ours`, of this service.
    pub fn differences(&self, ours: &Self) -> Vec<Difference> {
        let pairs = FIELDS.iter().zip(self.values.iter().zip(&ours.values));
        let is_same =
            |field, ours: &Value| self.is_status_ambiguous && field == "status" && ours == "announced";
        let differ = pairs.filter(|(field, (node, ours))| node != ours && !is_same(**field, ours));
        let difference = |(field, (node, ours)): (&&'static str, (&Value, &Value))| Difference {
            field,
            nodejs_value: node.clone(),
            python_value: ours.clone(),
        };
        differ.map(difference).collect()
    }
}

/// Normalizes whitespace and line endings of a text; an empty text becomes null. Other values are returned unchanged.
fn normalized(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    match lines.join("\n").trim() {
        "" => Value::Null,
        text => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    use super::*;

    fn of_node(fields: Value) -> ComparedFields {
        ComparedFields::of_node(&NodeTitle::deserialize(fields).unwrap())
    }

    fn node() -> Value {
        json!({
            "id": 7, "names": {"ru": "Имя ", "en": "", "alternative": null}, "description": "a\r\nb\r\n",
            "status": {"string": "В работе", "code": 1}, "season": {"year": 2020},
        })
    }

    fn ours() -> Value {
        json!({
            "id": 7, "names": {"ru": "Имя", "en": null, "alternative": ""}, "description": "a\nb",
            "status": "ongoing", "year": 2020, "genres": ["Драма"],
        })
    }

    #[test]
    fn both_formats_of_one_title_have_no_difference() {
        assert_eq!(of_node(node()).differences(&ComparedFields::of_json(&ours())), []);
    }

    #[test]
    fn each_compared_field_is_reported_with_both_values() {
        for (field, theirs, value) in [
            ("id", json!(7), json!(8)),
            ("description", json!("a\nb"), json!("a b")),
            ("year", json!(2020), json!(2021)),
            ("status", json!("ongoing"), json!("completed")),
        ] {
            let mut other = ours();
            other[field] = value.clone();

            let differences = of_node(node()).differences(&ComparedFields::of_json(&other));

            assert_eq!(differences, [Difference { field, nodejs_value: theirs, python_value: value }]);
        }
    }

    #[test]
    fn announced_title_without_an_episode_is_no_difference() {
        let mut announced = ours();
        announced["status"] = "announced".into();
        let mut begun = node();
        let episode = json!({"episode": 1, "uuid": "a", "hls": {"hd": "/1.m3u8"}});
        begun["player"] = json!({"host": "cdn.example", "list": {"1": episode}});

        assert_eq!(of_node(node()).differences(&ComparedFields::of_json(&announced)), []);
        assert_eq!(of_node(begun).differences(&ComparedFields::of_json(&announced))[0].field, "status");
    }

    #[test]
    fn names_are_one_field() {
        let mut other = ours();
        other["names"]["en"] = "Name".into();

        let differences = of_node(node()).differences(&ComparedFields::of_json(&other));

        assert_eq!(differences[0].field, "names");
        assert_eq!(differences[0].nodejs_value["en"], Value::Null);
        assert_eq!(differences[0].python_value["en"], "Name");
    }

    #[test]
    fn unknown_years_are_no_difference() {
        let mut other = ours();
        other["year"] = 0.into();
        let mut old = node();
        old["season"] = Value::Null;

        assert_eq!(of_node(old).differences(&ComparedFields::of_json(&other)), []);
    }
}
