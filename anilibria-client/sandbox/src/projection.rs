//! `include` and `exclude`: selection of the fields of an item.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::params::Params;

/// Maximum depth of a path. No response has deeper fields, and the limit bounds the tree and the recursion.
const MAX_DEPTH: usize = 16;

/// Fields that a client selected.
#[derive(Debug, Default)]
pub(crate) struct Projection {
    include: Option<Paths>,
    exclude: Paths,
}

/// Tree of dotted paths. A path without children selects the whole field.
#[derive(Debug, Default)]
struct Paths(BTreeMap<String, Paths>);

impl Projection {
    pub(crate) fn of(params: &Params) -> Self {
        let include = params.list("include");
        Self {
            include: (!include.is_empty()).then(|| Paths::new(include)),
            exclude: Paths::new(params.list("exclude")),
        }
    }

    /// Reads `include` only, for routes that ignore `exclude`.
    pub(crate) fn including(params: &Params) -> Self {
        Self { exclude: Paths::default(), ..Self::of(params) }
    }

    /// Returns true if the top-level `field` can be in the response. Other fields need not be rendered.
    pub(crate) fn wants(&self, field: &str) -> bool {
        let included = self.include.as_ref().is_none_or(|paths| paths.0.contains_key(field));
        included && !self.exclude.0.get(field).is_some_and(Paths::is_leaf)
    }

    /// Reduces an item to the selected fields.
    pub(crate) fn apply(&self, item: Value) -> Value {
        let included = match &self.include {
            Some(paths) => paths.keep(item),
            None => item,
        };
        self.exclude.remove(included)
    }

    /// Reduces each item of a list to the selected fields.
    pub(crate) fn apply_all(&self, items: impl IntoIterator<Item = Value>) -> Vec<Value> {
        items.into_iter().map(|item| self.apply(item)).collect()
    }
}

impl Paths {
    fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut root = Self::default();
        for path in paths.into_iter().filter(|path| path.split('.').count() <= MAX_DEPTH) {
            root.insert(path);
        }
        root
    }

    /// Adds a path. A whole field has precedence over a part of it.
    fn insert(&mut self, path: &str) {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let known = self.0.get(first).is_some_and(Self::is_leaf);
        let child = self.0.entry(first.to_owned()).or_default();
        match rest {
            Some(rest) if !known => child.insert(rest),
            Some(_) => {}
            None => child.0.clear(),
        }
    }

    fn is_leaf(&self) -> bool {
        self.0.is_empty()
    }

    fn keep(&self, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.keep(item)).collect(),
            Value::Object(fields) => object(fields.into_iter().filter_map(|(name, field)| {
                let below = self.0.get(&name)?;
                let kept = if below.is_leaf() { field } else { below.keep(field) };
                Some((name, kept))
            })),
            scalar => scalar,
        }
    }

    fn remove(&self, value: Value) -> Value {
        if self.is_leaf() {
            return value;
        }
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.remove(item)).collect(),
            Value::Object(fields) => {
                object(fields.into_iter().filter_map(|(name, field)| match self.0.get(&name) {
                    Some(below) if below.is_leaf() => None,
                    Some(below) => Some((name, below.remove(field))),
                    None => Some((name, field)),
                }))
            }
            scalar => scalar,
        }
    }
}

/// Creates an object, or an empty list if there are no fields: PHP encodes empty objects as lists.
fn object(fields: impl Iterator<Item = (String, Value)>) -> Value {
    let fields: Map<_, _> = fields.collect();
    if fields.is_empty() { Value::Array(Vec::new()) } else { Value::Object(fields) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Params, Projection};

    fn project(query: &str, item: Value) -> Value {
        Projection::of(&Params::from_query(query)).apply(item)
    }

    fn item() -> Value {
        json!({
            "id": 1,
            "name": {"main": "Ёж", "english": "Hedgehog"},
            "genres": [{"id": 1, "name": "Драма"}, {"id": 2, "name": "Меха"}],
            "latest_episode": null,
        })
    }

    #[test]
    fn projections_apply_to_nested_objects_and_lists() {
        let cases = [
            ("", item()),
            ("include=id", json!({"id": 1})),
            ("include=id,name.main", json!({"id": 1, "name": {"main": "Ёж"}})),
            ("include=id&include=name.main", json!({"id": 1, "name": {"main": "Ёж"}})),
            ("include[]=genres.name", json!({"genres": [{"name": "Драма"}, {"name": "Меха"}]})),
            ("include=name,name.main", json!({"name": {"main": "Ёж", "english": "Hedgehog"}})),
            ("include=latest_episode.id", json!({"latest_episode": null})),
            (
                "exclude=name,genres.id,latest_episode",
                json!({"id": 1, "genres": [{"name": "Драма"}, {"name": "Меха"}]}),
            ),
            ("include=id,name&exclude=name.main", json!({"id": 1, "name": {"english": "Hedgehog"}})),
            ("include=id&exclude=id", json!([])),
            ("include=nothing", json!([])),
            ("include=name.nothing", json!({"name": []})),
            ("include=genres.nothing", json!({"genres": [[], []]})),
            ("include=id,name&exclude=name.main,name.english", json!({"id": 1, "name": []})),
        ];
        for (query, expected) in cases {
            assert_eq!(project(query, item()), expected, "{query}");
        }
    }

    #[test]
    fn only_selected_fields_are_wanted() {
        let wants = |query: &str, field: &str| Projection::of(&Params::from_query(query)).wants(field);

        assert!(wants("", "episodes"));
        assert!(wants("include=episodes.id", "episodes"));
        assert!(wants("exclude=episodes.id", "episodes"));
        assert!(!wants("include=id", "episodes"));
        assert!(!wants("exclude=episodes", "episodes"));
    }
}
