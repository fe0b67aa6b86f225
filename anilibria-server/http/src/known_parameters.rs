//! Detection of query parameters that an operation does not have.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::{HeaderName, HeaderValue};
use url::form_urlencoded;

use crate::problem::Problem;

/// Response header that lists the unknown parameters of a request.
pub const UNKNOWN_PARAMETERS: HeaderName = HeaderName::from_static("x-unknown-parameters");

/// Maximum number of names in the header.
const MAX_NAMES: usize = 10;

/// Maximum number of characters of a name in the header or in an error.
const MAX_NAME: usize = 64;

/// Maximum edit distance of a suggested name.
const MAX_DISTANCE: usize = 2;

/// Characters that are percent-encoded in names. All others are harmless in a header.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.').remove(b'[').remove(b']');

/// Names of the query parameters of an operation.
#[derive(Clone, Debug, Default)]
pub struct KnownParameters(Vec<String>);

impl FromIterator<String> for KnownParameters {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl KnownParameters {
    /// Returns the names in `query` that are unknown; `None` if all are known.
    pub fn unknown(&self, query: &str) -> Option<UnknownParameters<'_>> {
        let mut names: Vec<String> = Vec::new();
        for pair in query.split('&') {
            let Some((key, _)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
            if key.is_empty() || self.0.iter().any(|known| known == list_name(&key)) {
                continue;
            }
            let name = printable(&key);
            if !names.contains(&name) {
                names.push(name);
            }
            if names.len() == MAX_NAMES {
                break;
            }
        }
        (!names.is_empty()).then_some(UnknownParameters { names, known: self })
    }

    /// Returns the known name that is most similar to `name`.
    fn suggestion(&self, name: &str) -> Option<&str> {
        let name = list_name(name).to_lowercase();
        let distances = self.0.iter().map(|known| (strsim::osa_distance(&name, known), known));
        // A name that differs in most of its characters is not similar.
        let near = distances.filter(|(distance, known)| *distance <= MAX_DISTANCE.min(known.len() / 2));
        near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known.as_str())
    }
}

/// Names of query parameters that an operation does not have: at least one and at most ten, in ASCII.
#[derive(Debug)]
pub struct UnknownParameters<'k> {
    names: Vec<String>,
    known: &'k KnownParameters,
}

impl UnknownParameters<'_> {
    /// Returns the value of the header [`UNKNOWN_PARAMETERS`].
    pub fn to_header(&self) -> HeaderValue {
        // Conversion cannot fail: the names are ASCII without control characters.
        HeaderValue::try_from(self.names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Returns the error that names the first unknown parameter, and a similar one if there is any.
    pub fn to_problem(&self) -> Problem {
        let name = self.names.first().map(String::as_str).unwrap_or_default();
        let reason = match self.known.suggestion(name) {
            Some(suggestion) => format!("is unknown; did you mean `{suggestion}`?"),
            None => "is unknown".to_owned(),
        };
        Problem::invalid(name.to_owned(), reason)
    }
}

/// Returns `key` without the suffix `[]`, with which some clients mark lists.
pub(crate) fn list_name(key: &str) -> &str {
    key.strip_suffix("[]").unwrap_or(key)
}

/// Returns `name` shortened and percent-encoded.
fn printable(name: &str) -> String {
    let end = name.char_indices().nth(MAX_NAME).map_or(name.len(), |(end, _)| end);
    let encoded: Cow<'_, str> = utf8_percent_encode(&name[..end], ENCODED).into();
    encoded.chars().take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> KnownParameters {
        ["page", "limit", "q", "genres"].map(String::from).into_iter().collect()
    }

    fn header(query: &str) -> Option<String> {
        known().unknown(query).map(|unknown| unknown.to_header().to_str().unwrap().to_owned())
    }

    #[test]
    fn known_parameters_are_not_reported() {
        for query in [
            "",
            "page=2",
            "page=2&limit=3&q=a",
            "genres[]=a&genres%5B%5D=b&genres=",
            "p%61ge=1",
            "&&",
            "=1",
            "page",
        ] {
            assert_eq!(header(query), None, "{query}");
        }
    }

    #[test]
    fn unknown_parameters_are_listed_once_each() {
        assert_eq!(header("pagee=2&page=1&x[]=1&pagee=3&flag").as_deref(), Some("pagee, x[], flag"));
        assert_eq!(header("PAGE=2").as_deref(), Some("PAGE"));
    }

    #[test]
    fn header_has_a_maximum_length_and_no_special_characters() {
        let many: Vec<_> = (0..1000).map(|n| format!("{n}{}=1", "я".repeat(100))).collect();

        let many = header(&many.join("&")).unwrap();
        let odd = header("a%0d%0aSet-Cookie:%20x=1&%ff%00,=1&%D1%8F=1").unwrap();

        assert_eq!(many.split(", ").count(), MAX_NAMES);
        assert!(many.len() <= MAX_NAMES * (MAX_NAME + 2), "{}", many.len());
        assert_eq!(odd, "a%0D%0ASet-Cookie%3A%20x, %EF%BF%BD%00%2C, %D1%8F");
    }

    #[test]
    fn similar_name_is_suggested() {
        for (query, problem) in [
            ("pagee=2", "parameter `pagee` is unknown; did you mean `page`?"),
            ("apge=2", "parameter `apge` is unknown; did you mean `page`?"),
            ("Limit=2", "parameter `Limit` is unknown; did you mean `limit`?"),
            ("genre[]=2", "parameter `genre[]` is unknown; did you mean `genres`?"),
            ("x=2", "parameter `x` is unknown"),
            ("utm_source=2", "parameter `utm_source` is unknown"),
        ] {
            assert_eq!(known().unknown(query).unwrap().to_problem().to_string(), problem);
        }
    }
}
