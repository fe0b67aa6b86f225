//! Bodies that are lists of objects, validated like the live service does.

use serde_json::Value;
use uuid::Uuid;

use crate::problem::Problem;

/// An object of a list and its position.
pub(super) struct Item<'a> {
    place: usize,
    value: &'a Value,
    errors: &'a mut Vec<(String, String)>,
}

/// Reads each object of `body`.
///
/// # Errors
///
/// A problem with all invalid fields and the positions of their objects.
pub(super) fn read<T>(
    body: &Value,
    mut read: impl FnMut(&mut Item<'_>) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let Value::Array(values) = body else {
        return Err(Problem::invalid_field("body", "The body must be an array of objects."));
    };
    let mut errors = Vec::new();
    let mut items = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        items.extend(read(&mut Item { place, value, errors: &mut errors }));
    }
    if errors.is_empty() { Ok(items) } else { Err(Problem::invalid(errors)) }
}

impl<'a> Item<'a> {
    /// Reads the field `name` with `parse`. `must` completes the error message, as in "must be an integer".
    pub(super) fn field<T>(
        &mut self,
        name: &str,
        must: &str,
        parse: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let message = match self.value.get(name) {
            // `null` is the same as a missing field.
            None | Some(Value::Null) => "is required",
            Some(value) => match parse(value) {
                Some(parsed) => return Some(parsed),
                None => must,
            },
        };
        let path = format!("{}.{name}", self.place);
        let message = format!("The {path} field {message}.");
        self.errors.push((path, message));
        None
    }
}

/// Reads `release_id`, an integer or a string with an integer.
pub(super) fn release_id(item: &mut Item<'_>) -> Option<u32> {
    item.field("release_id", "must be an integer", |value| match value {
        Value::String(text) => text.parse().ok(),
        value => u32::try_from(value.as_u64()?).ok(),
    })
}

/// Reads `release_episode_id`, a UUID.
pub(super) fn episode_id(item: &mut Item<'_>) -> Option<Uuid> {
    item.field("release_episode_id", "must be a valid UUID", |value| Uuid::try_parse(value.as_str()?).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn release_ids_are_numbers_or_strings() {
        let body = json!([{"release_id": 1}, {"release_id": "2", "more": true}]);

        assert_eq!(read(&body, release_id).unwrap(), [1, 2]);
        assert!(read(&json!([]), release_id).unwrap().is_empty());
    }

    #[test]
    fn body_must_be_a_list_of_objects() {
        for body in [
            json!(null),
            json!({"release_id": 1}),
            json!([1]),
            json!([{}]),
            json!([{"release_id": null}]),
            json!([{"release_id": -1}]),
        ] {
            assert!(read(&body, release_id).is_err(), "{body}");
        }
    }
}
