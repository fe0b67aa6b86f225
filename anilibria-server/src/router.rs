//! Finds the route of a request.
//!
//! Most requests ask for a fixed path, and a map finds those. The framework's router, which tries patterns and notes on
//! every request and answer which one it was, costs more than an answer from memory; it is left the paths that have
//! parameters.

use std::collections::HashMap;

use poem::{
    Endpoint, PathPattern, Request, Response, Route, RouteMethod,
    endpoint::BoxEndpoint,
    http::{HeaderValue, Method},
};

use crate::problem::Problem;

/// Endpoints by path and method, as the framework's macros fill it.
pub type RouteTable = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

/// All routes.
pub struct Router {
    fixed: HashMap<String, FixedPath>,
    patterns: Route,
    /// Methods of each pattern, as the header `Allow` lists them.
    pattern_methods: HashMap<String, HeaderValue>,
}

struct FixedPath {
    endpoints: Vec<(Method, BoxEndpoint<'static>)>,
    allow: HeaderValue,
}

impl Router {
    /// Routes all of `table`.
    pub fn new(table: RouteTable) -> Self {
        let (patterns, fixed): (RouteTable, RouteTable) =
            table.into_iter().partition(|(path, _)| path.contains([':', '*']));
        let pattern_methods =
            patterns.iter().map(|(path, methods)| (path.clone(), allow(methods.keys()))).collect();
        let fixed = fixed.into_iter().map(|(path, methods)| (path, FixedPath::new(methods))).collect();
        let patterns = patterns.into_iter().fold(Route::new(), |route, (path, methods)| {
            let by_method = RouteMethod::new();
            route.at(
                path,
                methods.into_iter().fold(by_method, |route, (method, end)| route.method(method, end)),
            )
        });
        Self { fixed, patterns, pattern_methods }
    }

    async fn patterned(&self, request: Request) -> Result<Response, Problem> {
        self.patterns.call(request).await.map_err(|error| {
            let methods =
                error.data::<PathPattern>().and_then(|pattern| self.pattern_methods.get(&*pattern.0));
            Problem::from_error(error, methods)
        })
    }
}

impl Router {
    /// What the route of `request` answers, or why there is no answer. `HEAD` and `OPTIONS` are not routed.
    pub async fn route(&self, request: Request) -> Result<Response, Problem> {
        let Some(path) = self.fixed.get(request.uri().path()) else {
            return self.patterned(request).await;
        };
        let endpoint = path.endpoints.iter().find(|(method, _)| method == request.method());
        let Some((_, endpoint)) = endpoint else {
            return Err(Problem::MethodNotAllowed { allow: path.allow.clone() });
        };
        endpoint.call(request).await.map_err(|error| Problem::from_error(error, None))
    }
}

impl FixedPath {
    fn new(methods: HashMap<Method, BoxEndpoint<'static>>) -> Self {
        let allow = allow(methods.keys());
        Self { endpoints: methods.into_iter().collect(), allow }
    }
}

/// `GET, HEAD, OPTIONS` and the like: the methods in the table, and those that follow from them.
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
