//! Previous values of changed fields.

use serde_json::{Map, Value};

/// Returns the values of `before` that differ from `after`; `None` if both are equal. Of an object, only the changed fields
/// are returned. Of an array, the changed elements are returned as an object keyed by index. A value that is missing in
/// `before` becomes an empty object in an array, and is left out of an object.
pub(super) fn previous_values(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let fields = match (before, after) {
        (Value::Object(before), Value::Object(after)) => fields(before, after),
        (Value::Array(before), Value::Array(after)) => elements(before, after),
        _ => return Some(before.clone()),
    };
    Some(Value::Object(fields))
}

fn fields(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let changed = before.iter().filter_map(|(name, old)| {
        let old = after.get(name).map_or_else(|| Some(old.clone()), |new| previous_values(old, new));
        Some((name.clone(), old?))
    });
    changed.collect()
}

fn elements(before: &[Value], after: &[Value]) -> Map<String, Value> {
    let all = 0..before.len().max(after.len());
    let changed = all.filter_map(|index| {
        let old = match (before.get(index), after.get(index)) {
            (Some(old), Some(new)) => previous_values(old, new),
            (Some(old), None) => Some(old.clone()),
            (None, _) => Some(Value::Object(Map::new())),
        };
        Some((index.to_string(), old?))
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_changed_fields_are_returned_with_their_previous_values() {
        let before = json!({
            "id": 7, "names": {"ru": "Имя", "en": null}, "announce": null, "genres": ["a", "b", "c"], "old": 1,
        });
        let after = json!({
            "id": 7, "names": {"ru": "Имя", "en": "Name"}, "announce": "x", "genres": ["a", "x", "c", "d"], "new": 2,
        });

        assert_eq!(
            previous_values(&before, &after),
            Some(json!({"names": {"en": null}, "announce": null, "genres": {"1": "b", "3": {}}, "old": 1}))
        );
        assert_eq!(previous_values(&before, &before), None);
        assert_eq!(previous_values(&json!([1, 2]), &json!([1])), Some(json!({"1": 2})));
        assert_eq!(previous_values(&json!({"a": [1]}), &json!({"a": {}})), Some(json!({"a": [1]})));
    }
}
