//! Test of the fields in the document of API v3.

use std::collections::BTreeSet;

use anilibria_client::v3::model::{Pagination, SeedStats, Title, User, Video};
use serde::Serialize;
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../../../docs/v3-gateway.md");

/// Returns the fields in the table of a section.
fn documented(section: &str) -> BTreeSet<String> {
    let (_, after) = DOCUMENT.split_once(&format!("\n### {section}\n")).expect(section);
    let table = after.split("\n### ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(field, _)| field.to_owned()).collect()
}

/// Returns the paths of all values in `object` that are not objects.
fn fields(object: &impl Serialize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&serde_json::to_value(object).unwrap(), "", &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                // Episodes are named by their numbers.
                let key = if key.parse::<f64>().is_ok() { "*" } else { key };
                let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                collect(value, &path, found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                collect(item, &format!("{path}[*]"), found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn document_lists_exactly_the_fields_of_v3() {
    let episode = json!({"1": {"episode": 1}});
    let title: Title = serde_json::from_value(json!({
        "id": 1, "code": "a", "names": {"ru": "А"},
        "franchises": [{"releases": [{"id": 1}]}],
        "player": {"list": episode, "rutube": episode},
        "torrents": {"list": [{"torrent_id": 1, "metadata": {"files_list": [{"file": "a"}]}}]},
    }))
    .unwrap();

    assert_eq!(fields(&title), documented("Title"));
    assert_eq!(fields(&Video::default()), documented("Video"));
    assert_eq!(fields(&User::default()), documented("User"));
    assert_eq!(fields(&SeedStats::default()), documented("Seed statistics"));
    assert_eq!(fields(&Pagination::default()), documented("Pagination"));
}
