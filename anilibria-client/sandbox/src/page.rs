//! Pages of a list, and their JSON envelope.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::operation::Call;
use super::params::Check;
use super::site::API_ROOT;

/// Default number of items on a page.
const DEFAULT_SIZE: usize = 15;

/// Maximum number of items on a page, on most routes.
pub(crate) const MAX_SIZE: i64 = 50;

/// Requested page of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads `page` and `limit`. The maximum of `limit` is `max`.
    pub(crate) fn read(check: &mut Check<'_>, max: i64) -> Self {
        Self { number: check.page(), size: check.limit(DEFAULT_SIZE, max) }
    }

    /// Returns the items of this page. Empty after the last page.
    pub(crate) fn slice<T>(self, items: &[T]) -> &[T] {
        let start = (self.number - 1).saturating_mul(self.size).min(items.len());
        let end = start.saturating_add(self.size).min(items.len());
        &items[start..end]
    }

    /// Creates the envelope: `data`, and `meta` with the position among `total` items.
    pub(crate) fn envelope(self, call: &Call<'_>, total: usize, data: Vec<Value>) -> Value {
        // As in Laravel, an empty list has one page.
        let pages = total.div_ceil(self.size).max(1);
        let mut links = Map::new();
        if self.number > 1 {
            links.insert("previous".to_owned(), link(call, self.number - 1).into());
        }
        if self.number < pages {
            links.insert("next".to_owned(), link(call, self.number + 1).into());
        }
        let meta = json!({
            "pagination": {
                "total": total,
                "count": data.len(),
                "per_page": self.size,
                "current_page": self.number,
                "total_pages": pages,
                "links": links,
            },
        });
        Value::Object(Map::from_iter([("data".to_owned(), data.into()), ("meta".to_owned(), meta)]))
    }
}

/// URL of another page of the same call.
fn link(call: &Call<'_>, number: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(form_urlencoded::parse(call.query.as_bytes()).filter(|(name, _)| name != "page"));
    query.append_pair("page", &number.to_string());
    format!("{}{API_ROOT}{}?{}", call.site.origin(), call.path, query.finish())
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn pages_divide_a_list_without_gaps() {
        let items = [1, 2, 3, 4, 5];
        let page = |number| Page { number, size: 2 }.slice(&items);

        assert_eq!(page(1), [1, 2]);
        assert_eq!(page(3), [5]);
        assert!(page(4).is_empty());
        assert!(page(usize::MAX).is_empty());
    }
}
