//! Parameters of a request, and pages of a response.

use serde::Serialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::v3::model::{Page, Pagination};

/// Default number of items on a page.
const PAGE: i64 = 5;

/// The parameters of a request.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn new(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.text(key)?.parse().ok()
    }

    /// Returns the values of a comma-separated list; empty if the parameter is not set.
    pub(super) fn list(&self, key: &str) -> Vec<&str> {
        let values = self.text(key).into_iter().flat_map(|list| list.split(','));
        values.map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// Returns true if the parameter is not set, or if it lists one of `values`.
    pub(super) fn selects<'v>(&self, key: &str, values: impl IntoIterator<Item = &'v str>) -> bool {
        let list = self.list(key);
        let is_listed = |value: &str| list.iter().any(|one| one.to_lowercase() == value.to_lowercase());
        list.is_empty() || values.into_iter().any(is_listed)
    }

    /// Returns the requested page of `items`.
    pub(super) fn page<T: Serialize>(&self, items: impl IntoIterator<Item = T>) -> Value {
        let after = self.count("after").unwrap_or_default();
        let items: Vec<_> = items.into_iter().skip(after).collect();
        let total = items.len();
        let limit = self.number("limit").unwrap_or(PAGE);
        let size = self.number("items_per_page").unwrap_or(limit);
        // A negative limit selects everything.
        let size = usize::try_from(size).unwrap_or(total).max(1);
        let current = self.count("page").unwrap_or_default();
        let list: Vec<_> = items.into_iter().skip(current.saturating_sub(1) * size).take(size).collect();
        let pagination = Pagination {
            pages: total.div_ceil(size) as u64,
            current_page: current as u64,
            items_per_page: size as u64,
            total_items: total as u64,
        };
        json!(Page { list, pagination })
    }

    pub(super) fn count(&self, key: &str) -> Option<usize> {
        self.number(key).and_then(|number| number.try_into().ok())
    }
}
