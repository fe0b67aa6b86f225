//! Search query, parsed from the parameters of a request.

use crate::{
    category::{Category, GROUPS},
    error::Error,
    parameters::{Function, Parameters},
    word_index::normalised,
};

/// Default number of results.
pub(crate) const DEFAULT_LIMIT: usize = 100;

/// Maximum number of results. A larger `limit` is reduced to it.
pub(crate) const MAX_LIMIT: usize = 100;

/// Maximum number of characters of `q`.
const MAX_TEXT: usize = 256;

/// Maximum number of words of `q`.
const MAX_WORDS: usize = 32;

/// Maximum number of categories.
const MAX_CATEGORIES: usize = 256;

const MAX_YEAR: u16 = 9999;

/// Parameters with ids of titles in other databases. The catalog has no such ids.
const FOREIGN_IDS: [&str; 9] =
    ["tvdbid", "tvmazeid", "rid", "imdbid", "tmdbid", "traktid", "doubanid", "anidbid", "malid"];

/// A search query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Kinds of releases to search.
    pub(crate) scope: Scope,
    /// Normalised text: the words of a name, possibly with a number after them.
    pub(crate) text: Option<String>,
    /// Season; 0 for specials.
    pub(crate) season: Option<u16>,
    /// Episode of the season.
    pub(crate) episode: Option<Episode>,
    /// Year of the release or of its series.
    pub(crate) year: Option<u16>,
    /// Requested categories; `None` for all.
    pub(crate) categories: Option<Vec<Category>>,
    /// Number of results to skip.
    pub(crate) offset: usize,
    /// Maximum number of results.
    pub(crate) limit: usize,
}

/// Kinds of releases that a search includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    Series,
    Films,
}

/// An episode in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Episode {
    Number(u32),
    /// The episode of a date. No torrent matches it.
    Daily,
}

impl Query {
    /// Parses the query for the search `function`.
    ///
    /// # Errors
    ///
    /// [`Error::IncorrectParameter`] for a malformed or too long value, and for an id of another database without `q`.
    pub fn new(function: Function, parameters: &Parameters) -> Result<Self, Error> {
        if parameters.text("o").is_some_and(|format| !format.eq_ignore_ascii_case("xml")) {
            return Err(Error::parameter("o", "must be xml"));
        }
        let scope = match function {
            Function::TvSearch => Scope::Series,
            Function::Movie => Scope::Films,
            Function::Search | Function::Caps => Scope::All,
        };
        let text = text(parameters)?;
        // Without the title, a query with an unsupported id would match everything.
        let foreign = FOREIGN_IDS.into_iter().find(|name| parameters.text(name).is_some());
        if let (Some(name), None) = (foreign, &text) {
            return Err(Error::parameter(name, "is not supported, send the title as `q`"));
        }
        let limit = parameters.number("limit", 1, u32::MAX)?;
        let offset = parameters.number("offset", 0, u32::MAX)?.unwrap_or_default();
        Ok(Self {
            scope,
            text,
            season: season(parameters)?,
            episode: episode(parameters)?,
            year: parameters.number("year", 1, MAX_YEAR)?,
            categories: categories(parameters)?,
            offset: offset as usize,
            limit: limit.map_or(DEFAULT_LIMIT, |limit| MAX_LIMIT.min(limit as usize)),
        })
    }
}

fn text(parameters: &Parameters) -> Result<Option<String>, Error> {
    let Some(text) = parameters.text("q") else { return Ok(None) };
    if text.chars().count() > MAX_TEXT {
        return Err(Error::parameter("q", format!("must not be longer than {MAX_TEXT} characters")));
    }
    let text = normalised(text);
    if text.split(' ').count() > MAX_WORDS {
        return Err(Error::parameter("q", format!("must not have more than {MAX_WORDS} words")));
    }
    Ok(Some(text))
}

fn season(parameters: &Parameters) -> Result<Option<u16>, Error> {
    let Some(text) = parameters.text("season") else { return Ok(None) };
    let number = text.strip_prefix(['S', 's']).unwrap_or(text);
    let is_number = (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let season = number.parse().ok().filter(|_| is_number);
    season.map(Some).ok_or_else(|| Error::parameter("season", "must be a whole number from 0 to 9999"))
}

fn episode(parameters: &Parameters) -> Result<Option<Episode>, Error> {
    let Some(text) = parameters.text("ep") else { return Ok(None) };
    let is_number =
        |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.split_once('/').is_some_and(|(month, day)| is_number(month) && is_number(day)) {
        return Ok(Some(Episode::Daily));
    }
    let number = text.strip_prefix(['E', 'e']).unwrap_or(text);
    let episode = number.parse().ok().filter(|_| is_number(number)).map(Episode::Number);
    let reason = "must be a whole number from 0 to 9999, or a month and a day";
    episode.map(Some).ok_or_else(|| Error::parameter("ep", reason))
}

/// Returns the requested categories. Unknown numbers match nothing.
fn categories(parameters: &Parameters) -> Result<Option<Vec<Category>>, Error> {
    let Some(list) = parameters.text("cat") else { return Ok(None) };
    let mut wanted = Vec::new();
    for (count, id) in list.split(',').map(str::trim).filter(|id| !id.is_empty()).enumerate() {
        if count >= MAX_CATEGORIES {
            let reason = format!("must not have more than {MAX_CATEGORIES} numbers");
            return Err(Error::parameter("cat", reason));
        }
        let is_number = id.len() <= 9 && id.bytes().all(|byte| byte.is_ascii_digit());
        let id = id.parse::<u32>().ok().filter(|_| is_number);
        let id = id.ok_or_else(|| Error::parameter("cat", "must be a list of numbers"))?;
        for group in &GROUPS {
            let members = group.members.iter().copied();
            wanted.extend(members.filter(|category| group.id == id || category.id() == id));
        }
    }
    Ok(Some(wanted))
}
