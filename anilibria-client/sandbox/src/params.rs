//! Parameters of a call: query string and JSON body in one form, validated like the live service does.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::Value;
use url::form_urlencoded;

use super::problem::Problem;

/// Maximum depth of a body. The API has no parameters beyond it.
const MAX_DEPTH: usize = 8;

/// Parameters by dotted name: `f[years][from_year]` is `f.years.from_year`, `ids[]` and `ids[0]` are `ids`.
#[derive(Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, Vec<String>>,
}

impl Params {
    pub(crate) fn from_query(query: &str) -> Self {
        let mut params = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            params.values.entry(dotted(&key)).or_default().push(value.into_owned());
        }
        params
    }

    /// Adds a JSON body, whose fields override those of the query string. `null` means absent.
    pub(crate) fn add_body(&mut self, body: &Value) {
        let mut fields = BTreeMap::new();
        flatten("", body, &mut fields, 0);
        self.values.extend(fields);
    }

    /// Returns the value of `name`, or the last one of several. An empty value counts as absent, as in Laravel.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.last().map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns all values of `name`: repeated, comma-separated, or both.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let values = self.values.get(name).map(Vec::as_slice).unwrap_or_default();
        values
            .iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect()
    }
}

fn dotted(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for part in key.split(['[', ']']).filter(|part| !part.is_empty()) {
        // An index marks an element of a list and is no part of the name.
        if !name.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part);
    }
    name
}

fn flatten(name: &str, value: &Value, fields: &mut BTreeMap<String, Vec<String>>, depth: usize) {
    let mut put = |text: String| fields.entry(name.to_owned()).or_default().push(text);
    match value {
        Value::String(text) => put(text.clone()),
        Value::Bool(_) | Value::Number(_) => put(value.to_string()),
        Value::Array(items) if depth < MAX_DEPTH => {
            for item in items {
                flatten(name, item, fields, depth + 1);
            }
        }
        Value::Object(members) if depth < MAX_DEPTH => {
            for (member, value) in members {
                let path = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                flatten(&path, value, fields, depth + 1);
            }
        }
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
}

/// Reads parameters and collects errors, so that one response names all invalid fields.
#[derive(Debug)]
pub(crate) struct Check<'a> {
    params: &'a Params,
    errors: Vec<(String, String)>,
}

impl<'a> Check<'a> {
    pub(crate) fn new(params: &'a Params) -> Self {
        Self { params, errors: Vec::new() }
    }

    /// Reads an integer.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        let number = self.params.text(name)?.parse();
        if number.is_err() {
            self.fail(name, format!("The {name} field must be an integer."));
        }
        number.ok()
    }

    /// Reads an integer within `range`.
    pub(crate) fn integer_in(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = self.integer(name)?;
        if number < *range.start() {
            self.fail(name, format!("The {name} field must be at least {}.", range.start()));
        } else if number > *range.end() {
            self.fail(name, format!("The {name} field must not be greater than {}.", range.end()));
        }
        range.contains(&number).then_some(number)
    }

    /// Reads `limit`, from 1 to `max`.
    pub(crate) fn limit(&mut self, default: usize, max: i64) -> usize {
        self.integer_in("limit", 1..=max).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default)
    }

    /// Reads `page`, from 1.
    pub(crate) fn page(&mut self) -> usize {
        self.integer_in("page", 1..=i64::from(u32::MAX))
            .and_then(|page| usize::try_from(page).ok())
            .unwrap_or(1)
    }

    /// Reads a list of integers.
    pub(crate) fn integers(&mut self, name: &str) -> Vec<i64> {
        let values = self.params.list(name);
        let numbers: Vec<_> = values.iter().filter_map(|value| value.parse().ok()).collect();
        if numbers.len() < values.len() {
            self.fail(name, format!("The {name} field must contain only integers."));
        }
        numbers
    }

    /// Reads a value of a closed set. `find` returns `None` for unknown values.
    pub(crate) fn one_of<T>(&mut self, name: &str, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = find(self.params.text(name)?);
        if found.is_none() {
            self.fail(name, format!("The selected {name} is invalid."));
        }
        found
    }

    /// Reads a list of values of a closed set. `find` returns `None` for unknown values.
    pub(crate) fn any_of<T>(&mut self, name: &str, find: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let values = self.params.list(name);
        let found: Vec<_> = values.iter().filter_map(|value| find(value)).collect();
        if found.len() < values.len() {
            self.fail(name, format!("The selected {name} is invalid."));
        }
        found
    }

    /// Reads a text that must be present.
    pub(crate) fn required(&mut self, name: &str) -> &'a str {
        let text = self.params.text(name);
        if text.is_none() {
            self.fail(name, format!("The {name} field is required."));
        }
        text.unwrap_or_default()
    }

    /// Adds an error for the field `name`.
    pub(crate) fn fail(&mut self, name: &str, message: String) {
        self.errors.push((name.to_owned(), message));
    }

    /// Ends the validation.
    ///
    /// # Errors
    ///
    /// A problem with all invalid fields, if there are any.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_comma_separated_repeated_or_bracketed() {
        for query in
            ["ids=1,2,3", "ids=1&ids=2&ids=3", "ids[]=1&ids[]=2,3", "ids%5B0%5D=1&ids%5B1%5D=2&ids=,3,"]
        {
            assert_eq!(Params::from_query(query).list("ids"), ["1", "2", "3"], "{query}");
        }
    }

    #[test]
    fn bracketed_keys_and_json_objects_name_the_same_fields() {
        let query = Params::from_query("f%5Byears%5D%5Bfrom_year%5D=2016&f[types][]=TV&f[types][]=OVA");
        let mut body = Params::default();
        body.add_body(&json!({"f": {"years": {"from_year": 2016, "to_year": null}, "types": ["TV", "OVA"]}}));

        for params in [query, body] {
            assert_eq!(params.text("f.years.from_year"), Some("2016"));
            assert_eq!(params.text("f.years.to_year"), None);
            assert_eq!(params.list("f.types"), ["TV", "OVA"]);
        }
    }

    #[test]
    fn body_overrides_the_query_string_and_null_does_not() {
        let mut params = Params::from_query("limit=5&page=2");

        params.add_body(&json!({"limit": 7, "page": null}));

        assert_eq!(params.text("limit"), Some("7"));
        assert_eq!(params.text("page"), Some("2"));
    }

    #[test]
    fn all_invalid_fields_are_named() {
        let params = Params::from_query("limit=51&page=0&ids=1,x&sorting=NEW&years=");
        let mut check = Check::new(&params);

        check.limit(15, 50);
        check.page();
        check.integers("ids");
        check.one_of("sorting", |_| None::<()>);
        check.integer("years");
        check.required("query");

        let errors: Vec<_> =
            check.errors.iter().map(|(name, message)| (name.as_str(), message.as_str())).collect();
        assert_eq!(
            errors,
            [
                ("limit", "The limit field must not be greater than 50."),
                ("page", "The page field must be at least 1."),
                ("ids", "The ids field must contain only integers."),
                ("sorting", "The selected sorting is invalid."),
                ("query", "The query field is required."),
            ]
        );
        assert!(check.finish().is_err());
    }
}
