//! Dispatch of requests: the lookup of an operation by method and path.

use bytes::Bytes;
use http::header::ACCEPT;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::api;
use super::operation::{Call, Route, Segments};
use super::params::Params;
use super::problem::Problem;
use super::projection::Projection;
use super::reply::Reply;
use super::site::Site;
use super::state::SandboxState;

/// Answers the request for `path` below the API root.
pub(crate) fn dispatch(state: &SandboxState, request: &Parts, path: &str, body: &Bytes) -> Reply {
    find(&request.method, path)
        .and_then(|(route, segments)| {
            let query = request.uri.query().unwrap_or_default();
            let body = json(route, body)?;
            let mut params = Params::from_query(query);
            params.add_body(&body);
            let projection = Projection::of(&params);
            let (headers, site) = (&request.headers, Site::of(request));
            let call = Call { state, path, query, headers, body, params, projection, site, segments };
            (route.handler)(&call)
        })
        .unwrap_or_else(|problem| if wants_json(&request.headers) { problem.into() } else { problem.page() })
}

/// Returns true if `Accept` names JSON. `*/*` does not count. Only errors depend on it: the live service sends errors as
/// web pages by default.
fn wants_json(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|accepted| accepted.contains("/json") || accepted.contains("+json"))
}

fn find(method: &Method, path: &str) -> Result<(&'static Route, Segments), Problem> {
    // HEAD is GET without a body, as in Laravel.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut allowed = Vec::new();
    // Tables list fixed segments before values, so the first match is correct.
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
    fn no_route_is_shadowed_by_an_earlier_one() {
        for route in api::GROUPS.iter().copied().flatten() {
            let (found, _) = find(&route.method, route.path).unwrap();

            assert_eq!(found.path, route.path);
        }
    }
}
