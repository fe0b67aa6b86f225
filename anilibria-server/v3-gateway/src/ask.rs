//! Parameters of a request. All of them are in the query string, for writes as well.

use std::{borrow::Cow, fmt::Display, str::FromStr};

use anilibria_http::{params::parse_integer, problem::Problem};
use poem::http::{HeaderMap, Uri};
use url::form_urlencoded;

use super::{
    address::Dialect,
    charge::Charge,
    paging::{PAGE, PageSize, Paging, Window},
    session_cookie::cookie,
};

/// Maximum values in one list. At five to seven bytes each, they fill the longest accepted address.
pub(super) const MAX_VALUES: usize = 1000;

/// Parameters that clients send to operations that ignore them.
const IDLE: [&str; 5] = ["sorting_type", "include", "description_type", "playlist_type", "session"];

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct Ask<'r> {
    /// Format of the answer.
    pub(super) dialect: Dialect,
    /// Charges the client for costly work.
    pub(super) charge: Charge,
    values: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    headers: &'r HeaderMap,
}

impl<'r> Ask<'r> {
    /// Reads the parameters of a request. Costs of the request go to `charge`.
    pub(super) fn read(uri: &'r Uri, headers: &'r HeaderMap, dialect: Dialect, charge: Charge) -> Self {
        let values = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect();
        Self { dialect, charge, values, headers }
    }

    /// Refuses parameters that are neither in one of the groups nor in [`IDLE`].
    pub(super) fn check(&self, known: &[&[&str]]) -> Result<(), Problem> {
        let is_known = |name: &str| IDLE.contains(&name) || known.iter().any(|group| group.contains(&name));
        let mut unknown: Vec<&str> =
            self.values.iter().map(|(name, _)| &**name).filter(|name| !is_known(name)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.dedup();
        // Eight names suffice for an error message; an address has room for thousands.
        unknown.truncate(8);
        Err(Problem::invalid(unknown.join("`, `"), "is not known here"))
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
    pub(super) fn words(&self, name: &'static str) -> Result<Vec<&str>, Problem> {
        let list = self.text(name).unwrap_or_default().split(',').map(str::trim);
        let words: Vec<_> = list.filter(|word| !word.is_empty()).take(MAX_VALUES + 1).collect();
        if words.len() > MAX_VALUES {
            return Err(Problem::invalid(name, format!("must not have more than {MAX_VALUES} values")));
        }
        Ok(words)
    }

    /// Returns the values of the list `name` as owned strings.
    pub(super) fn texts(&self, name: &'static str) -> Result<Vec<String>, Problem> {
        Ok(self.words(name)?.into_iter().map(str::to_owned).collect())
    }

    /// Returns the numbers in the list `name`.
    pub(super) fn numbers<T: FromStr>(&self, name: &'static str) -> Result<Vec<T>, Problem> {
        self.words(name)?.into_iter().map(|word| number(name, word)).collect()
    }

    /// Returns the number in `name`.
    pub(super) fn number<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        self.value(name).filter(|text| !text.is_empty()).map(|text| number(name, text)).transpose()
    }

    /// Returns the number in `name`, which is required.
    pub(super) fn required<T: FromStr>(&self, name: &'static str) -> Result<T, Problem> {
        self.number(name)?.ok_or_else(|| Problem::invalid(name, "is required"))
    }

    /// Returns the requested page, and `true` if any paging parameter is present. `unless_told` is the default page size.
    pub(super) fn window(&self, unless_told: PageSize) -> Result<(Window, bool), Problem> {
        let paging = Paging {
            limit: self.number("limit")?,
            after: self.number("after")?,
            page: self.number("page")?,
            items_per_page: self.number("items_per_page")?,
        };
        let window = paging.window(unless_told);
        let window = window.map_err(|error| {
            Problem::invalid(error.parameter, format!("{}, and not {}", error.wanted, error.found))
        })?;
        Ok((window, paging.is_given()))
    }

    /// Returns the requested page of a list. The default page size is [`PAGE`].
    pub(super) fn page(&self) -> Result<Window, Problem> {
        Ok(self.window(PageSize::Of(PAGE))?.0)
    }

    /// Returns the time in `since`, in Unix seconds. Only later items are returned.
    pub(super) fn since(&self) -> Result<Option<i64>, Problem> {
        self.number("since")
    }

    /// Returns the session from the parameter, or else from the cookie.
    pub(super) fn session(&self) -> Option<&str> {
        self.text("session").or_else(|| cookie(self.headers))
    }
}

fn number<T: FromStr>(name: &'static str, text: &str) -> Result<T, Problem> {
    parse_integer(text)
        .ok_or_else(|| Problem::invalid(name, format!("must be a whole number, and not {}", shown(text))))
}

/// Returns the first 32 characters of a value, escaped for an error message.
fn shown(text: &str) -> impl Display {
    let start: String = text.chars().take(32).collect();
    format!("`{}`", start.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(query: &str, look: impl FnOnce(&Ask<'_>) -> T) -> T {
        let uri = format!("/v3/x?{query}").parse().unwrap();
        look(&Ask::read(&uri, &HeaderMap::new(), Dialect::Live, Charge::none()))
    }

    #[test]
    fn lists_are_split_whatever_way_their_commas_are_written() {
        let words = |query| with(query, |ask| ask.texts("list").unwrap());

        assert_eq!(words("list=a,b%2Cc,,%20d%20,"), ["a", "b", "c", "d"]);
        assert!(words("list=").is_empty() && words("other=a").is_empty());
    }

    #[test]
    fn unknown_parameters_are_named() {
        let refused = with("id=1&colour=red&include=raw_poster&shape=round", |ask| ask.check(&[&["id"]]));

        let message = refused.unwrap_err().to_string();
        assert_eq!(message, "parameter `colour`, `shape` is not known here");
    }

    #[test]
    fn wrong_values_are_named_with_their_parameter() {
        let message = |query| with(query, |ask| ask.page().unwrap_err().to_string());

        assert_eq!(message("limit=x"), "parameter `limit` must be a whole number, and not `x`");
        assert_eq!(message("page=+1"), "parameter `page` must be a whole number, and not ` 1`");
        assert_eq!(message("page=%2B1"), "parameter `page` must be a whole number, and not `+1`");
        assert!(
            message("page=-1").starts_with("parameter `page` has to be 0 or greater"),
            "{}",
            message("page=-1")
        );
        let many = format!("list={}", "1,".repeat(MAX_VALUES + 1));
        assert!(
            with(&many, |ask| ask.numbers::<u32>("list")).unwrap_err().to_string().contains("1000 values")
        );
    }

    #[test]
    fn cookie_stands_in_for_the_session() {
        let uri = "/v3/user".parse().unwrap();
        let headers =
            HeaderMap::from_iter([(poem::http::header::COOKIE, "a=b; PHPSESSID=abc; c=d".parse().unwrap())]);

        assert_eq!(Ask::read(&uri, &headers, Dialect::Live, Charge::none()).session(), Some("abc"));
        let uri = "/v3/user?session=def".parse().unwrap();
        assert_eq!(Ask::read(&uri, &headers, Dialect::Live, Charge::none()).session(), Some("def"));
    }
}
