//! Parameters of a request.

use std::{borrow::Cow, fmt, str::FromStr};

use url::form_urlencoded;

use crate::error::{Error, quoted};

/// Maximum number of parameters. No client sends that many.
const MAX_PARAMETERS: usize = 64;

/// Functions of Newznab and Torznab that this indexer does not have.
const OTHER_FUNCTIONS: [&str; 14] = [
    "audio",
    "book",
    "cartadd",
    "cartdel",
    "comments",
    "commentadd",
    "details",
    "get",
    "getnfo",
    "indexers",
    "music",
    "nfo",
    "register",
    "user",
];

/// A function of the indexer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Returns the capabilities of the indexer.
    Caps,
    /// Searches everything.
    Search,
    /// Searches series and specials.
    TvSearch,
    /// Searches films.
    Movie,
}

/// The parameters of a request. Names are matched regardless of case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Parses a query string. Parameters without a value are ignored, and several values of `cat` are joined.
    ///
    /// # Errors
    ///
    /// [`Error::IncorrectParameter`] if a parameter other than `cat` has two different values, or if there are more than 64
    /// parameters.
    pub fn parse(query: &str) -> Result<Self, Error> {
        let mut values: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let (name, value) = (name.to_ascii_lowercase(), value.trim());
            if value.is_empty() {
                continue;
            }
            if values.len() >= MAX_PARAMETERS {
                return Err(Error::parameter(quoted(&name).into_string(), "is one parameter too many"));
            }
            match values.iter_mut().find(|(known, _)| *known == name) {
                Some((_, list)) if name == "cat" => list.extend([",", value]),
                Some((_, known)) if known == value => {}
                Some(_) => {
                    return Err(Error::parameter(quoted(&name).into_string(), "has two different values"));
                }
                None => values.push((name, value.to_owned())),
            }
        }
        Ok(Self(values))
    }

    /// Returns the requested function.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`] without `t`, [`Error::NoSuchFunction`] for an unknown function, and
    /// [`Error::FunctionNotAvailable`] for a function of Torznab that this indexer does not have.
    pub fn function(&self) -> Result<Function, Error> {
        let name = self.text("t").ok_or(Error::MissingParameter("t"))?.to_ascii_lowercase();
        match name.as_str() {
            "caps" => Ok(Function::Caps),
            "search" => Ok(Function::Search),
            "tvsearch" | "tv-search" => Ok(Function::TvSearch),
            "movie" | "moviesearch" | "movie-search" => Ok(Function::Movie),
            other if OTHER_FUNCTIONS.contains(&other) => Err(Error::FunctionNotAvailable(other.into())),
            other => Err(Error::NoSuchFunction(quoted(other))),
        }
    }

    /// Returns the key of the client (`apikey`).
    pub fn key(&self) -> Option<&str> {
        self.text("apikey")
    }

    /// Returns the value of a parameter, without white space at its ends.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Returns a parameter that must be a whole number from `min` to `max`.
    pub(crate) fn number<T>(&self, name: &'static str, min: T, max: T) -> Result<Option<T>, Error>
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let reason = || Cow::Owned(format!("must be a whole number from {min} to {max}"));
        number.filter(|_| is_digits).map(Some).ok_or_else(|| Error::parameter(name, reason()))
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values include the key.
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
