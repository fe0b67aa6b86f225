//! Finds the route of a request.
//!
//! Most requests ask for a fixed path, and a map finds those; the others are found part by part. The framework's own
//! router, which notes on every request and answer which route it was, costs more than an answer from memory.

mod tree;

use std::collections::HashMap;

use poem::{
    Endpoint as _, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderValue, Method},
};

pub use self::tree::PathValues;
use self::tree::Tree;
use crate::{metrics::RouteMeter, problem::Problem};

/// Endpoints by path and method, as the framework's macros fill it.
pub type RouteTable = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

/// All routes.
pub struct Router {
    fixed: HashMap<String, Route>,
    patterns: Tree<Route>,
}

/// What is at a path, or at all paths of a pattern.
pub struct Route {
    meter: RouteMeter,
    endpoints: Vec<(Method, BoxEndpoint<'static>)>,
    allow: HeaderValue,
}

/// The route of a path.
pub struct Found<'r> {
    route: &'r Route,
    values: Option<PathValues>,
}

impl Router {
    /// Routes all of `table`.
    pub fn new(table: RouteTable) -> Self {
        let mut router = Self { fixed: HashMap::new(), patterns: Tree::default() };
        for (path, methods) in table {
            let route = Route::new(&path, methods);
            if path.contains([':', '*']) {
                router.patterns.insert(&path, route);
            } else {
                router.fixed.insert(path, route);
            }
        }
        router
    }

    /// The route of `path`, if there is one.
    pub fn find(&self, path: &str) -> Option<Found<'_>> {
        if let Some(route) = self.fixed.get(path) {
            return Some(Found { route, values: None });
        }
        let (route, values) = self.patterns.find(path)?;
        Some(Found { route, values: Some(values) })
    }
}

impl<'r> Found<'r> {
    /// Counts its requests.
    pub fn meter(&self) -> &'r RouteMeter {
        &self.route.meter
    }

    /// Refuses a method that the route does not have. `HEAD` and `OPTIONS` are not routed.
    ///
    /// # Errors
    ///
    /// [`Problem::MethodNotAllowed`], with the methods that the route has.
    pub fn check(&self, method: &Method) -> Result<(), Problem> {
        let is_routed = self.route.endpoints.iter().any(|(routed, _)| routed == method);
        if is_routed { Ok(()) } else { Err(Problem::MethodNotAllowed { allow: self.route.allow.clone() }) }
    }

    /// Returns the answer of the route to `request`, or the reason why there is none.
    pub async fn answer(self, mut request: Request) -> Result<Response, Problem> {
        let endpoint = self.route.endpoints.iter().find(|(method, _)| method == request.method());
        let Some((_, endpoint)) = endpoint else {
            return Err(Problem::MethodNotAllowed { allow: self.route.allow.clone() });
        };
        if let Some(values) = self.values {
            request.extensions_mut().insert(values);
        }
        endpoint.call(request).await.map_err(Problem::from_error)
    }
}

impl Route {
    fn new(path: &str, methods: HashMap<Method, BoxEndpoint<'static>>) -> Self {
        let allow = allow(methods.keys());
        let endpoints = methods.into_iter().collect();
        Self { meter: RouteMeter::new(template(path)), endpoints, allow }
    }
}

/// A path as documents write it: `/titles/{id}` for `/titles/:param0`, as the framework's macros have it.
fn template(path: &str) -> String {
    let part = |part: &str| match part.strip_prefix([':', '*']) {
        Some(name) if name.starts_with("param") => "{id}".to_owned(),
        Some(name) => format!("{{{name}}}"),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
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
