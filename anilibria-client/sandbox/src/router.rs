//! From a method and a path to the handler of an operation.

use std::sync::MutexGuard;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::account::Account;
use super::api;
use super::catalogue::Catalogue;
use super::params::Params;
use super::problem::Problem;
use super::projection::Projection;
use super::reply::Reply;
use super::site::Site;
use super::view::View;
use super::world::World;

/// What Laravel says to those who are not signed in.
pub(crate) const UNAUTHENTICATED: &str = "Unauthenticated.";

/// The longest passkey that is taken over into links, in bytes.
const MAX_PASSKEY: usize = 64;

/// Answers one call of one operation.
pub(crate) type Handler = fn(&Call<'_>) -> Result<Reply, Problem>;

/// One operation: a line in the table of its group.
pub(crate) struct Route {
    method: Method,
    /// Below the API root. A segment in braces stands for any value and is read with [`Call::segment`].
    path: &'static str,
    handler: Handler,
}

impl Route {
    pub(crate) const fn get(path: &'static str, handler: Handler) -> Self {
        Self { method: Method::GET, path, handler }
    }

    pub(crate) const fn post(path: &'static str, handler: Handler) -> Self {
        Self { method: Method::POST, path, handler }
    }

    pub(crate) const fn delete(path: &'static str, handler: Handler) -> Self {
        Self { method: Method::DELETE, path, handler }
    }
}

/// A call on its way through a handler.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a World,
    /// The path below the API root, as it was asked.
    pub(crate) path: &'a str,
    /// The query string, empty without one.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// The JSON body; null without one, and for GET.
    pub(crate) body: Value,
    /// The query string and the fields of the body.
    pub(crate) params: Params,
    pub(crate) projection: Projection,
    pub(crate) site: Site,
    segments: Vec<(&'static str, String)>,
}

impl Call<'_> {
    /// Renders records of `catalogue` for this caller.
    pub(crate) fn view<'v>(&'v self, catalogue: &'v Catalogue) -> View<'v> {
        View { catalogue, site: &self.site }
    }

    /// The token the caller sent, whether it is good or not.
    pub(crate) fn token(&self) -> Option<&str> {
        let (scheme, token) = self.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The account of the caller, locked; 403 without a good token.
    pub(crate) fn account(&self) -> Result<MutexGuard<'_, Account>, Problem> {
        let account = self.world.account();
        match self.token() {
            Some(token) if account.sessions.is_open(token) => Ok(account),
            _ => Err(Problem::new(StatusCode::FORBIDDEN, UNAUTHENTICATED)),
        }
    }

    /// What makes links to torrents personal, if the caller gave one that can stand in a link.
    pub(crate) fn passkey(&self) -> Option<&str> {
        let is_sound =
            |key: &&str| key.len() <= MAX_PASSKEY && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        self.params.text("pk").filter(is_sound)
    }

    /// Answers with one item, cut down to what was asked for.
    pub(crate) fn item(&self, item: Value) -> Reply {
        self.projection.apply(item).into()
    }

    /// Answers with a bare list of items, each cut down to what was asked for.
    pub(crate) fn list(&self, items: impl Iterator<Item = Value>) -> Reply {
        Value::Array(self.projection.apply_all(items)).into()
    }

    /// The value at `{name}` in the path of the route; empty if the route has no such segment.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.segments.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

/// Answers the request for `path` below the API root.
pub(crate) fn dispatch(world: &World, request: &Parts, path: &str, body: &Bytes) -> Reply {
    find(&request.method, path)
        .and_then(|(route, segments)| {
            let query = request.uri.query().unwrap_or_default();
            let body = json(route, body)?;
            let mut params = Params::from_query(query);
            params.add_body(&body);
            let projection = Projection::of(&params);
            let (headers, site) = (&request.headers, Site::of(request));
            let call = Call { world, path, query, headers, body, params, projection, site, segments };
            (route.handler)(&call)
        })
        .unwrap_or_else(|problem| if wants_json(&request.headers) { problem.into() } else { problem.page() })
}

/// Whether the caller names JSON among what it takes. `*/*` does not: only errors depend on it, and those are
/// web pages for whoever does not say otherwise.
fn wants_json(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|accepted| accepted.contains("/json") || accepted.contains("+json"))
}

/// Where a path of the route names a value, and which value the request has there.
type Segments = Vec<(&'static str, String)>;

fn find(method: &Method, path: &str) -> Result<(&'static Route, Segments), Problem> {
    // HEAD is GET without a body, here as in Laravel.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut allowed = Vec::new();
    // A table lists fixed words before values, so the first match is the right one.
    for route in api::GROUPS.iter().copied().flatten() {
        let Some(segments) = matches(route.path, path) else {
            continue;
        };
        if route.method == *method {
            return Ok((route, segments));
        }
        if !allowed.contains(&route.method) {
            allowed.push(route.method.clone());
        }
    }
    if allowed.is_empty() {
        return Err(Problem::not_found(format!("The route api/v1{path} could not be found.")));
    }
    Err(Problem::method_not_allowed(method, &allowed))
}

fn matches(pattern: &'static str, path: &str) -> Option<Segments> {
    let mut segments = Vec::new();
    let mut asked = path.split('/');
    for expected in pattern.split('/') {
        let value = asked.next()?;
        match expected.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(_) if value.is_empty() => return None,
            Some(name) => segments.push((name, percent_decode_str(value).decode_utf8_lossy().into_owned())),
            None if expected == value => {}
            None => return None,
        }
    }
    asked.next().is_none().then_some(segments)
}

fn json(route: &Route, body: &Bytes) -> Result<Value, Problem> {
    // Some clients send a JSON content type, or even a body, with GET; both are ignored.
    if route.method == Method::GET || body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("The body is not JSON: {error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths_and_decode_values() {
        let cases = [
            ("/anime/genres", "/anime/genres", Some(vec![])),
            ("/anime/genres/{genre}", "/anime/genres/15", Some(vec!["15"])),
            ("/anime/genres/{genre}/releases", "/anime/genres/15/releases", Some(vec!["15"])),
            ("/anime/releases/{release}", "/anime/releases/%D1%91%2Fj", Some(vec!["ё/j"])),
            ("/anime/genres/{genre}", "/anime/genres/", None),
            ("/anime/genres", "/anime/genres/", None),
            ("/anime/genres", "/anime", None),
            ("/anime/genres/{genre}", "/anime/genres/15/releases", None),
        ];
        for (pattern, path, expected) in cases {
            let values = matches(pattern, path)
                .map(|segments| segments.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
            assert_eq!(
                values,
                expected.map(|values| values.into_iter().map(str::to_owned).collect()),
                "{path}"
            );
        }
    }

    #[test]
    fn no_route_hides_behind_an_earlier_one() {
        for route in api::GROUPS.iter().copied().flatten() {
            let (found, _) = find(&route.method, route.path).unwrap();

            assert_eq!(found.path, route.path);
        }
    }
}
