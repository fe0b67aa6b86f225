//! Parameters of a request. All parameters are in the query string, also those of writes.

use std::{borrow::Cow, fmt::Display, str::FromStr};

use anilibria_http::{params::parse_integer, problem::Problem};
use poem::http::{HeaderMap, Uri};
use url::form_urlencoded;

use super::{
    address::Dialect,
    paging::{DEFAULT_PAGE_SIZE, PageSize, Paging, Window},
    quota::RequestQuota,
    session_cookie::session_from_cookie,
};

/// Maximum values in one list. With five to seven bytes each, they fill the longest accepted URI.
pub(super) const MAX_VALUES: usize = 1000;

/// Parameters that clients send to operations that ignore them.
const IGNORED: [&str; 5] = ["sorting_type", "include", "description_type", "playlist_type", "session"];

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct Parameters<'r> {
    /// Format of the response.
    pub(super) dialect: Dialect,
    /// Quota of the client, which pays for costly work.
    pub(super) quota: RequestQuota,
    values: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    headers: &'r HeaderMap,
}

impl<'r> Parameters<'r> {
    /// Parses the parameters of a request. Costly work is charged to `quota`.
    pub(super) fn parse(uri: &'r Uri, headers: &'r HeaderMap, dialect: Dialect, quota: RequestQuota) -> Self {
        let values = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect();
        Self { dialect, quota, values, headers }
    }

    /// Refuses parameters that are neither in one of the groups nor in [`IGNORED`].
    pub(super) fn reject_unknown(&self, known: &[&[&str]]) -> Result<(), Problem> {
        let is_known =
            |name: &str| IGNORED.contains(&name) || known.iter().any(|group| group.contains(&name));
        let mut unknown: Vec<&str> =
            self.values.iter().map(|(name, _)| &**name).filter(|name| !is_known(name)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.dedup();
        // Eight names are enough for an error message; a URI has room for thousands.
        unknown.truncate(8);
        Err(Problem::invalid(unknown.join("`, `"), "is unknown"))
    }

    /// Returns the first value of `name`, trimmed; `None` if it is missing or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Returns the first value of `name`, untrimmed.
    fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.values.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// Returns the values of the comma-separated list `name`. Empty values are skipped; more than [`MAX_VALUES`] values are
    /// refused.
    pub(super) fn list(&self, name: &'static str) -> Result<Vec<&str>, Problem> {
        let list = self.text(name).unwrap_or_default().split(',').map(str::trim);
        let words: Vec<_> = list.filter(|word| !word.is_empty()).take(MAX_VALUES + 1).collect();
        if words.len() > MAX_VALUES {
            return Err(Problem::invalid(name, format!("must not have more than {MAX_VALUES} values")));
        }
        Ok(words)
    }

    /// Returns the values of the list `name` as owned strings.
    pub(super) fn owned_list(&self, name: &'static str) -> Result<Vec<String>, Problem> {
        Ok(self.list(name)?.into_iter().map(str::to_owned).collect())
    }

    /// Returns the numbers in the list `name`.
    pub(super) fn numbers<T: FromStr>(&self, name: &'static str) -> Result<Vec<T>, Problem> {
        self.list(name)?.into_iter().map(|word| number(name, word)).collect()
    }

    /// Returns the number in `name`.
    pub(super) fn number<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        self.value(name).filter(|text| !text.is_empty()).map(|text| number(name, text)).transpose()
    }

    /// Returns the number in `name`, which is required.
    pub(super) fn required_number<T: FromStr>(&self, name: &'static str) -> Result<T, Problem> {
        self.number(name)?.ok_or_else(|| Problem::invalid(name, "is required"))
    }

    /// Returns the requested page, and `true` if a paging parameter is present. `default_size` is the default page size.
    pub(super) fn window(&self, default_size: PageSize) -> Result<(Window, bool), Problem> {
        let paging = Paging {
            limit: self.number("limit")?,
            after: self.number("after")?,
            page: self.number("page")?,
            items_per_page: self.number("items_per_page")?,
        };
        let window = paging.window(default_size);
        let window = window.map_err(|error| {
            Problem::invalid(error.parameter, format!("{}, found {}", error.expected, error.found))
        })?;
        Ok((window, paging.is_set()))
    }

    /// Returns the requested page of a list. The default page size is [`DEFAULT_PAGE_SIZE`].
    pub(super) fn page(&self) -> Result<Window, Problem> {
        Ok(self.window(PageSize::Of(DEFAULT_PAGE_SIZE))?.0)
    }

    /// Returns the time in `since`, in Unix seconds. Only later items are returned.
    pub(super) fn since(&self) -> Result<Option<i64>, Problem> {
        self.number("since")
    }

    /// Returns the session from the parameter, or else from the cookie.
    pub(super) fn session(&self) -> Option<&str> {
        self.text("session").or_else(|| session_from_cookie(self.headers))
    }
}

fn number<T: FromStr>(name: &'static str, text: &str) -> Result<T, Problem> {
    parse_integer(text)
        .ok_or_else(|| Problem::invalid(name, format!("must be a whole number, found {}", excerpt(text))))
}

/// Returns the first 32 characters of a value, escaped for an error message.
fn excerpt(text: &str) -> impl Display {
    let start: String = text.chars().take(32).collect();
    format!("`{}`", start.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(query: &str, read: impl FnOnce(&Parameters<'_>) -> T) -> T {
        let uri = format!("/v3/x?{query}").parse().unwrap();
        read(&Parameters::parse(&uri, &HeaderMap::new(), Dialect::Live, RequestQuota::local()))
    }

    #[test]
    fn lists_are_split_at_plain_and_encoded_commas() {
        let list = |query| with(query, |parameters| parameters.owned_list("list").unwrap());

        assert_eq!(list("list=a,b%2Cc,,%20d%20,"), ["a", "b", "c", "d"]);
        assert!(list("list=").is_empty() && list("other=a").is_empty());
    }

    #[test]
    fn unknown_parameters_are_refused_by_name() {
        let result = with("id=1&colour=red&include=raw_poster&shape=round", |parameters| {
            parameters.reject_unknown(&[&["id"]])
        });

        let message = result.unwrap_err().to_string();
        assert_eq!(message, "parameter `colour`, `shape` is unknown");
    }

    #[test]
    fn error_has_the_parameter_and_the_value() {
        let message = |query| with(query, |parameters| parameters.page().unwrap_err().to_string());

        assert_eq!(message("limit=x"), "parameter `limit` must be a whole number, found `x`");
        assert_eq!(message("page=+1"), "parameter `page` must be a whole number, found ` 1`");
        assert_eq!(message("page=%2B1"), "parameter `page` must be a whole number, found `+1`");
        assert!(
            message("page=-1").starts_with("parameter `page` must be at least 0"),
            "{}",
            message("page=-1")
        );
        let many = format!("list={}", "1,".repeat(MAX_VALUES + 1));
        assert!(
            with(&many, |parameters| parameters.numbers::<u32>("list"))
                .unwrap_err()
                .to_string()
                .contains("1000 values")
        );
    }

    #[test]
    fn session_is_read_from_the_parameter_or_else_the_cookie() {
        let uri = "/v3/user".parse().unwrap();
        let headers =
            HeaderMap::from_iter([(poem::http::header::COOKIE, "a=b; PHPSESSID=abc; c=d".parse().unwrap())]);

        assert_eq!(
            Parameters::parse(&uri, &headers, Dialect::Live, RequestQuota::local()).session(),
            Some("abc")
        );
        let uri = "/v3/user?session=def".parse().unwrap();
        assert_eq!(
            Parameters::parse(&uri, &headers, Dialect::Live, RequestQuota::local()).session(),
            Some("def")
        );
    }
}
