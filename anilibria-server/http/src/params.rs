//! Parameters of the routes: how they are read, checked and documented.
//!
//! poem's own extractors support neither `name[]` nor empty values, and their messages name Rust types. They depend on
//! what poem's router stores in a request, which [`crate::router`] does not do.

mod choice;

use std::{borrow::Cow, str::FromStr};

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef, Registry},
};
use url::form_urlencoded;

pub use self::choice::{Choice, schema_with_default};
use crate::{problem::Problem, router::PathValues};

/// What is wrong with a value: a continuation of "the parameter …".
pub type Reason = Cow<'static, str>;

/// A value that a parameter can be read into.
pub trait Value: Sized + Send {
    /// Whether the parameter may not be left out.
    const REQUIRED: bool = false;

    /// The schema in the document.
    fn schema() -> MetaSchemaRef;

    /// Registers what the schema refers to.
    fn register(_: &mut Registry) {}

    /// Reads the values given, decoded, in the order they came; none when the parameter was left out.
    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason>;
}

/// A parameter in the query string. Where one value is expected, the first one counts; an empty one is no value.
#[derive(Debug)]
pub struct Param<T>(pub T);

impl<'a, T: Value> ApiExtractor<'a> for Param<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = T::REQUIRED;

    type ParamType = T;
    type ParamRawType = T;

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(T::schema())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        options: ExtractParamOptions<T>,
    ) -> poem::Result<Self> {
        Ok(Self(read(request, options.name)?))
    }
}

/// The parameter `name` of the query of `request`.
pub fn read<T: Value>(request: &Request, name: &'static str) -> Result<T, Problem> {
    let query = request.uri().query().unwrap_or_default();
    T::read(values(query, name)).map_err(|reason| Problem::invalid(name, reason))
}

/// A parameter in the path. The framework calls it by its position, so the value knows its name.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// A value that a part of the path can be read into.
pub trait PathValue: Value {
    /// Name of the parameter in the document.
    const NAME: &'static str;
}

impl<'a, T: PathValue> ApiExtractor<'a> for Path<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = T;
    type ParamRawType = T;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Path)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(T::schema())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        options: ExtractParamOptions<T>,
    ) -> poem::Result<Self> {
        let values = request.extensions().get::<PathValues>();
        let text = values.and_then(|values| values.get(options.name)).map(Cow::Borrowed);
        let value = T::read(text.into_iter());
        value.map(Self).map_err(|reason| Problem::invalid(T::NAME, reason).into())
    }
}

/// Returns the values of the parameter `name` in `query`, where it may also be written `name[]`. A pair without `=` has no
/// value.
fn values<'q>(query: &'q str, name: &'static str) -> impl Iterator<Item = Cow<'q, str>> {
    let pairs = query.split('&').filter(|pair| pair.contains('='));
    let decoded = pairs.flat_map(|pair| form_urlencoded::parse(pair.as_bytes()));
    decoded.filter(move |(key, _)| key.strip_suffix("[]").unwrap_or(key) == name).map(|(_, value)| value)
}

/// The first of `values`, without the space around it; an empty one is none.
pub fn first<'v>(mut values: impl Iterator<Item = Cow<'v, str>>) -> Option<Cow<'v, str>> {
    match values.next()? {
        Cow::Borrowed(text) => Some(Cow::Borrowed(text.trim())),
        Cow::Owned(text) => Some(Cow::Owned(text.trim().to_owned())),
    }
    .filter(|text| !text.is_empty())
}

/// The number that `text` is. Digits alone count, after a minus where there can be one: no plus, which is a space in a query,
/// and no space.
pub fn whole<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

/// Returns the parts of a comma list, without space around them and without empty ones.
pub fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Returns the schema of an array of `item`, with at most `most` items.
pub fn array(item: MetaSchema, most: Option<usize>, example: serde_json::Value) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        items: Some(Box::new(MetaSchemaRef::Inline(Box::new(item)))),
        max_items: most,
        example: Some(example),
        ..MetaSchema::new("array")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, name: &'static str) -> Vec<String> {
        values(query, name).map(Cow::into_owned).collect()
    }

    #[test]
    fn values_are_found_under_every_spelling_of_a_list() {
        let query = "genres&genres=a&page=2&genres[]=b&genres%5B%5D=c&genres%5b%5d=d&genre=e&genresx=f";

        assert_eq!(read(query, "genres"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn longer_name_is_another_parameter() {
        assert_eq!(read("pages=3&page=2&page[x]=4", "page"), ["2"]);
    }

    #[test]
    fn values_are_decoded() {
        assert_eq!(read("q=%D0%BA%D0%BE%D1%82+x", "q"), ["кот x"]);
        assert_eq!(read("q=a=%26+b=", "q"), ["a=& b="]);
    }

    #[test]
    fn empty_first_value_is_none() {
        assert_eq!(first(values("year=&year=1", "year")), None);
        assert_eq!(first(values("year=%20", "year")), None);
        assert_eq!(first(values("", "year")), None);
    }
}
