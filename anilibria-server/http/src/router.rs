//! Router that finds the endpoint for a path and a method. Patterns are matched by [`matchit`].
//!
//! poem's own `Route` is not used: it writes the route into every request and response, which costs more than a response from
//! the cache.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use percent_encoding::percent_decode_str;
use poem::{
    Endpoint as _, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderValue, Method, Uri},
};

use crate::{
    known_parameters::{KnownParameters, UnknownParameters},
    metrics::RouteMetrics,
    problem::Problem,
};

/// Endpoints by path and method, as poem's macros create them.
///
/// `:name` in a path matches one segment. `*name` at the end of a path matches the rest, which may be empty.
pub type RouteTable = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

/// Query parameters of operations by path and method, with paths as in API documents: `/titles/{id}`.
pub type ParameterTable = HashMap<String, HashMap<Method, KnownParameters>>;

/// Router for all routes of the service.
///
/// If several patterns match a path, static segments have priority over parameters, and parameters over `*name`.
pub struct Router(matchit::Router<Arc<Route>>);

struct Route {
    metrics: RouteMetrics,
    endpoints: HashMap<Method, BoxEndpoint<'static>>,
    /// Query parameters by method. Methods without an entry are not checked.
    parameters: HashMap<Method, KnownParameters>,
    allow: HeaderValue,
}

/// The route that matches the path of a request, with the values of its parameters.
pub struct RouteMatch<'r> {
    route: &'r Route,
    values: PathValues,
}

/// Names and percent-decoded values of the parameters of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathValues(Vec<(Box<str>, String)>);

impl Router {
    /// Creates the router for all routes of `table`.
    ///
    /// # Panics
    ///
    /// If two paths of `table` match the same requests with equal precedence.
    pub fn new(table: RouteTable) -> Self {
        Self::with_parameters(table, ParameterTable::new())
    }

    /// Creates the router like [`new`](Self::new), with the query parameters of the operations in `parameters`.
    ///
    /// # Panics
    ///
    /// If two paths of `table` match the same requests with equal precedence.
    pub fn with_parameters(table: RouteTable, mut parameters: ParameterTable) -> Self {
        let mut routes = matchit::Router::new();
        for (path, methods) in table {
            let parameters = parameters.remove(&template(&path)).unwrap_or_default();
            let route = Arc::new(Route::new(&path, methods, parameters));
            // A catch-all of matchit matches at least one byte, so the empty rest needs its own pattern.
            let empty_rest = path.split_once('*').map(|(parent, _)| (parent.to_owned(), Arc::clone(&route)));
            for (pattern, route) in empty_rest.into_iter().chain([(pattern(&path), route)]) {
                let inserted = routes.insert(pattern, route);
                assert!(inserted.is_ok(), "route `{path}`: {inserted:?}");
            }
        }
        Self(routes)
    }

    /// Returns the route that matches `path`, if there is one.
    pub fn find(&self, path: &str) -> Option<RouteMatch<'_>> {
        let found = self.0.at(path).ok()?;
        let values = found.params.iter().map(|(name, value)| (name.into(), decoded(value)));
        Some(RouteMatch { values: PathValues(values.collect()), route: found.value })
    }

    /// Returns the value of `Location` for a request whose path matches a route only without its trailing slash; `None` for
    /// any other request.
    ///
    /// The location is relative, because a proxy may have removed a prefix from the path.
    pub fn location_without_slash(&self, uri: &Uri) -> Option<HeaderValue> {
        let path = uri.path().strip_suffix('/')?;
        let (_, last) = path.rsplit_once('/').filter(|(_, last)| !last.is_empty())?;
        self.0.at(path).ok()?;
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        HeaderValue::try_from(format!("../{last}{query}")).ok()
    }
}

impl PathValues {
    /// Returns the value of the parameter `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| **known == *name)?;
        Some(value)
    }
}

impl<'r> RouteMatch<'r> {
    /// Returns the metrics of this route.
    pub fn metrics(&self) -> &'r RouteMetrics {
        &self.route.metrics
    }

    /// Returns the query parameters of `request` that the operation does not have; `None` if all are known.
    pub fn unknown_parameters(&self, request: &Request) -> Option<UnknownParameters<'r>> {
        let query = request.uri().query()?;
        // `HEAD` has the parameters of `GET`.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        self.route.parameters.get(method)?.unknown(query)
    }

    /// Checks that the route has an endpoint for `method`. The caller handles `HEAD` and `OPTIONS`: no route has them.
    ///
    /// # Errors
    ///
    /// [`Problem::MethodNotAllowed`], with the methods that the route has.
    pub fn check_method(&self, method: &Method) -> Result<(), Problem> {
        self.route.endpoint(method).map(|_| ())
    }

    /// Calls the endpoint for the method of `request`, with the [`PathValues`] in the extensions of the request.
    ///
    /// # Errors
    ///
    /// [`Problem::MethodNotAllowed`], or the error of the endpoint.
    pub async fn call(self, mut request: Request) -> Result<Response, Problem> {
        let endpoint = self.route.endpoint(request.method())?;
        if !self.values.0.is_empty() {
            request.extensions_mut().insert(self.values);
        }
        endpoint.call(request).await.map_err(Problem::from_error)
    }
}

impl Route {
    fn new(
        path: &str,
        endpoints: HashMap<Method, BoxEndpoint<'static>>,
        parameters: HashMap<Method, KnownParameters>,
    ) -> Self {
        let allow = allow(endpoints.keys());
        Self { metrics: RouteMetrics::new(template(path)), endpoints, parameters, allow }
    }

    fn endpoint(&self, method: &Method) -> Result<&BoxEndpoint<'static>, Problem> {
        let endpoint = self.endpoints.get(method);
        endpoint.ok_or_else(|| Problem::MethodNotAllowed { allow: self.allow.clone() })
    }
}

/// Returns `path` in the syntax of matchit: `/titles/{param0}` for `/titles/:param0`, `/ws/{*path}` for `/ws/*path`.
fn pattern(path: &str) -> String {
    each_segment(path, |segment| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None if segment.starts_with('*') => format!("{{{segment}}}"),
        None => segment.to_owned(),
    })
}

/// Returns `path` in the syntax of API documents: `/titles/{id}` for `/titles/:param0`, a name that poem's macros generate.
fn template(path: &str) -> String {
    each_segment(path, |segment| match segment.strip_prefix([':', '*']) {
        Some(name) if name.starts_with("param") => "{id}".to_owned(),
        Some(name) => format!("{{{name}}}"),
        None => segment.to_owned(),
    })
}

fn each_segment(path: &str, convert: impl Fn(&str) -> String) -> String {
    path.split('/').map(convert).collect::<Vec<_>>().join("/")
}

/// Returns the value of `Allow` for the `methods` of a route, with `HEAD` and `OPTIONS`, which every route answers.
fn allow<'m>(methods: impl Iterator<Item = &'m Method>) -> HeaderValue {
    let mut names: Vec<_> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    names.dedup();
    HeaderValue::try_from(names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

/// Returns `value` percent-decoded, or unchanged if the result is not UTF-8.
fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8().unwrap_or(Cow::Borrowed(value)).into_owned()
}

#[cfg(test)]
mod tests {
    use poem::{EndpointExt as _, endpoint::make_sync};

    use super::*;

    fn router() -> Router {
        let patterns = ["/titles/:id", "/titles/new", "/titles/:id/videos", "/ws/*path", "/:any/end"];
        let route = |path: &str| {
            (path.to_owned(), [(Method::GET, make_sync(|_| Response::default()).boxed())].into())
        };
        Router::new(patterns.into_iter().map(route).collect())
    }

    /// Returns the template of the route that matches `path`, and the values of its parameters.
    fn found(path: &str) -> Option<String> {
        let router = router();
        let found = router.find(path)?;
        let values = found.values.0.iter().map(|(name, value)| format!(" {name}={value}"));
        Some(found.metrics().endpoint().to_owned() + &values.collect::<String>())
    }

    #[test]
    fn most_specific_pattern_matches() {
        assert_eq!(found("/titles/7").as_deref(), Some("/titles/{id} id=7"));
        assert_eq!(found("/titles/new").as_deref(), Some("/titles/new"));
        assert_eq!(found("/titles/new/videos").as_deref(), Some("/titles/{id}/videos id=new"));
        assert_eq!(found("/titles/end").as_deref(), Some("/titles/{id} id=end"));
        assert_eq!(found("/other/end").as_deref(), Some("/{any}/end any=other"));
    }

    #[test]
    fn path_with_other_or_empty_segments_matches_nothing() {
        for path in ["/titles", "/titles/", "/titles/7/", "/titles/7/other", "//end", "/", "", "titles/7"] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn trailing_slash_is_removed_by_a_relative_redirect() {
        let router = router();
        let location = |uri: &str| {
            let location = router.location_without_slash(&uri.parse().unwrap());
            location.map(|location| location.to_str().unwrap().to_owned())
        };

        assert_eq!(location("/titles/7/").as_deref(), Some("../7"));
        assert_eq!(location("/titles/7/videos/?a=b&c=/").as_deref(), Some("../videos?a=b&c=/"));
        assert_eq!(location("/titles/http%3A%2F%2Fx/").as_deref(), Some("../http%3A%2F%2Fx"));
        for uri in ["/", "//", "/titles/7//", "/titles/7", "/titles/7?a=/", "/nothing/", "/titles/7/other/"] {
            assert_eq!(location(uri), None, "{uri}");
        }
    }

    #[test]
    fn catch_all_matches_any_number_of_segments() {
        assert_eq!(found("/ws/a/b").as_deref(), Some("/ws/{path} path=a/b"));
        assert_eq!(found("/ws/").as_deref(), Some("/ws/{path}"));
        assert_eq!(found("/ws"), None);
    }

    #[test]
    fn values_are_decoded_and_found_by_name() {
        let router = router();

        let found = router.find("/titles/%D0%B0%20b/videos").unwrap();
        let not_utf8 = router.find("/titles/%FF").unwrap();

        assert_eq!(found.values.get("id"), Some("а b"));
        assert_eq!(found.values.get("other"), None);
        assert_eq!(not_utf8.values.get("id"), Some("%FF"));
    }
}
