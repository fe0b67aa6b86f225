//! Parameters of the routes: reading, validation and documentation.
//!
//! poem's own extractors are not used: they support neither `name[]` nor empty values, and their messages name Rust types. They
//! also need data that poem's router stores in a request, and [`crate::router`] does not.

mod choice;

use std::{borrow::Cow, str::FromStr};

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef, Registry},
};
use url::form_urlencoded;

pub use self::choice::{Choice, schema_with_default};
use crate::{known_parameters::list_name, problem::Problem, router::PathValues};

/// Description of an invalid value, as a continuation of "the parameter …".
pub type Reason = Cow<'static, str>;

/// A type that a parameter can be parsed into.
pub trait Value: Sized + Send {
    /// True if the parameter is required.
    const REQUIRED: bool = false;

    /// Returns the schema in the OpenAPI document.
    fn schema() -> MetaSchemaRef;

    /// Registers the schemas that this schema refers to.
    fn register(_: &mut Registry) {}

    /// Parses the decoded values of the parameter, in the order of the query. An absent parameter has no values.
    ///
    /// # Errors
    ///
    /// The reason, if the values are invalid.
    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason>;
}

/// A parameter in the query string. A type with a single value uses the first one. An empty value counts as absent.
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

/// Reads the parameter `name` in the query of `request`.
///
/// # Errors
///
/// [`Problem::InvalidParameters`] if the value is invalid.
pub fn read<T: Value>(request: &Request, name: &'static str) -> Result<T, Problem> {
    let query = request.uri().query().unwrap_or_default();
    T::read(values(query, name)).map_err(|reason| Problem::invalid(name, reason))
}

/// A parameter in the path. poem names it by its position, so the type `T` defines the name for error messages.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// A type that a segment of the path can be parsed into.
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
    decoded.filter(move |(key, _)| list_name(key) == name).map(|(_, value)| value)
}

/// Returns the first of `values`, trimmed; `None` if there is none, or if it is empty.
pub fn first<'v>(mut values: impl Iterator<Item = Cow<'v, str>>) -> Option<Cow<'v, str>> {
    match values.next()? {
        Cow::Borrowed(text) => Some(Cow::Borrowed(text.trim())),
        Cow::Owned(text) => Some(Cow::Owned(text.trim().to_owned())),
    }
    .filter(|text| !text.is_empty())
}

/// Parses `text` as an integer: digits only, after a minus if `T` is signed. Spaces are invalid, and so is a plus, which is
/// a space in a query.
pub fn parse_integer<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

/// Returns the parts of a comma-separated list, trimmed and without empty ones.
pub fn comma_separated(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Returns the schema of an array of `item`, with at most `max_items` items.
pub fn array_schema(
    item: MetaSchema,
    max_items: Option<usize>,
    example: Option<serde_json::Value>,
) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        items: Some(Box::new(MetaSchemaRef::Inline(Box::new(item)))),
        max_items,
        example,
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
