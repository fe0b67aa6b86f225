//! The order of found titles: the parameters `order_by` and `sort_direction`.

use std::cmp::{Ordering, Reverse};

use serde_json::Value;

use super::path::{Path, PathError, Step};

/// A path by whose values titles are sorted, and a direction.
///
/// A path through a list has many values, with `[*]` or without (`torrents.list.downloads`). The one that sorts first
/// counts: the minimum in ascending order, the maximum in descending order. A number is less than any text. A title without
/// a number or a text comes last in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    path: Path,
    descending: bool,
}

/// Sort key of a title, for `sort_by_cached_key`. The sort is stable, so titles with equal keys keep their order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey(Rank);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Ascending(SortValue),
    Descending(Reverse<SortValue>),
    Last,
}

/// A value by which titles are sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortValue {
    Number(Number),
    Text(String),
}

/// A number of JSON, which is never NaN.
#[derive(Clone, Copy, Debug)]
struct Number(f64);

impl Order {
    /// Parses `path`, in which names of API v2 are allowed.
    ///
    /// # Errors
    ///
    /// [`PathError`] if `path` is malformed.
    pub fn parse(path: &str, descending: bool) -> Result<Self, PathError> {
        Ok(Self { path: Path::parse_with_v2_names(path)?, descending })
    }

    /// True if the order depends on a value under `key` of the complete title. That value must be present then.
    pub fn reads(&self, key: &str) -> bool {
        self.path.starts_at(key)
    }

    /// Returns the sort key of `title`.
    pub fn sort_key(&self, title: &Value) -> SortKey {
        let mut values = Vec::new();
        collect(title, self.path.steps(), &mut values);
        let values = values.into_iter();
        SortKey(if self.descending {
            values.max().map_or(Rank::Last, |value| Rank::Descending(Reverse(value)))
        } else {
            values.min().map_or(Rank::Last, Rank::Ascending)
        })
    }
}

/// Adds the numbers and texts that `steps` lead to in `value` to `values`.
fn collect(value: &Value, steps: &[Step], values: &mut Vec<SortValue>) {
    let Some((step, rest)) = steps.split_first() else {
        match value {
            Value::Number(number) => {
                values.extend(number.as_f64().map(|number| SortValue::Number(Number(number))));
            }
            Value::String(text) => values.push(SortValue::Text(text.clone())),
            Value::Array(items) => collect_all(items, &[], values),
            _ => {}
        }
        return;
    };
    match (step, value) {
        (Step::Key(key), Value::Object(object)) => collect_all(object.get(key), rest, values),
        // Without `[*]`, a key after a list applies to each of its elements.
        (Step::Key(_), Value::Array(items)) => collect_all(items, steps, values),
        (Step::Index(index), Value::Array(items)) => collect_all(items.get(*index), rest, values),
        (Step::All, Value::Array(items)) => collect_all(items, rest, values),
        (Step::All, Value::Object(object)) => collect_all(object.values(), rest, values),
        _ => {}
    }
}

/// Calls [`collect`] for each of `items`.
fn collect_all<'a>(items: impl IntoIterator<Item = &'a Value>, steps: &[Step], values: &mut Vec<SortValue>) {
    for item in items {
        collect(item, steps, values);
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Returns the ids of the titles, sorted by `path`.
    fn ordered(path: &str, descending: bool) -> Vec<u64> {
        let mut titles = [
            json!({"id": 1, "code": "b", "in_favorites": 5, "torrents": {"list": [{"downloads": 3}, {"downloads": 9}]}}),
            json!({"id": 2, "code": "a", "in_favorites": 10, "torrents": {"list": []}}),
            json!({"id": 3, "code": null, "in_favorites": 5, "torrents": {"list": [{"downloads": 4}]}}),
        ];
        let order = Order::parse(path, descending).unwrap();
        titles.sort_by_cached_key(|title| order.sort_key(title));
        titles.iter().filter_map(|title| title["id"].as_u64()).collect()
    }

    #[test]
    fn titles_are_sorted_by_value_and_the_sort_is_stable() {
        assert_eq!(ordered("id", true), [3, 2, 1]);
        assert_eq!(ordered("in_favorites", false), [1, 3, 2]);
        assert_eq!(ordered("in_favorites", true), [2, 1, 3]);
        assert_eq!(ordered("nothing", true), [1, 2, 3]);
    }

    #[test]
    fn title_without_a_value_is_last_in_both_directions() {
        assert_eq!(ordered("code", false), [2, 1, 3]);
        assert_eq!(ordered("code", true), [1, 2, 3]);
    }

    #[test]
    fn title_with_many_values_is_sorted_by_the_first_of_them() {
        for path in ["torrents.list.downloads", "torrents.list[*].downloads", "torrents.playlist.downloads"] {
            assert_eq!(ordered(path, false), [1, 3, 2], "{path}");
            assert_eq!(ordered(path, true), [1, 3, 2], "{path}");
        }
        assert_eq!(ordered("torrents.list[0].downloads", true), [3, 1, 2]);
    }

    #[test]
    fn order_reports_the_keys_that_it_reads() {
        let order = Order::parse("torrents.list.downloads", true).unwrap();

        assert!(order.reads("torrents") && !order.reads("id"));
        assert_eq!(Order::parse("a..b", true), Err(PathError::EmptyKey));
    }
}
