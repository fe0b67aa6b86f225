//! Pages: which items are on one, and the envelope around them.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::operation::Call;
use super::params::Check;
use super::site::API_ROOT;

/// How many items a page has when the caller does not say.
const DEFAULT_SIZE: usize = 15;

/// The most items a page may have on most routes.
pub(crate) const MAX_SIZE: i64 = 50;

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads `page` and `limit`, of which the latter goes up to `most`.
    pub(crate) fn read(check: &mut Check<'_>, most: i64) -> Self {
        Self { number: check.page(), size: check.limit(DEFAULT_SIZE, most) }
    }

    /// The items of this page; none past the end.
    pub(crate) fn slice<T>(self, items: &[T]) -> &[T] {
        let start = (self.number - 1).saturating_mul(self.size).min(items.len());
        let end = start.saturating_add(self.size).min(items.len());
        &items[start..end]
    }

    /// `data` with the `meta` that places it among `total` items.
    pub(crate) fn envelope(self, call: &Call<'_>, total: usize, data: Vec<Value>) -> Value {
        // Even an empty list has one page, as Laravel counts them.
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

/// The address of another page of the same call.
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
    fn pages_part_a_list_without_gaps() {
        let items = [1, 2, 3, 4, 5];
        let page = |number| Page { number, size: 2 }.slice(&items);

        assert_eq!(page(1), [1, 2]);
        assert_eq!(page(3), [5]);
        assert!(page(4).is_empty());
        assert!(page(usize::MAX).is_empty());
    }
}
