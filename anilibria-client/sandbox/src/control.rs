//! The control API at `/sandbox`: changes of the catalog, faults, log, clock and reset.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::Sandbox;
use super::catalog::{Catalog, ChangeError};
use super::faults::{Faults, InvalidFaults};
use super::problem::Problem;
use super::projection::Projection;
use super::reply::Reply;
use super::site::Site;
use super::state::SandboxState;
use super::view::{View, torrent};

/// Path of the control API. The path itself lists the calls.
const ROOT: &str = "/sandbox";

/// A request to the control API.
struct Control<'a> {
    state: &'a SandboxState,
    site: &'a Site,
    body: &'a Bytes,
}

/// Answers a request. The second argument is the id in the path, empty for a path without one.
type Handler = fn(&Control<'_>, &str) -> Result<Reply, Problem>;

/// A call of the control API. The table of calls dispatches requests and describes the API.
struct Call {
    method: Method,
    /// Path below [`ROOT`]. `{id}` matches one segment.
    path: &'static str,
    /// Example of the body, as JSON; empty for a call without a body.
    body: &'static str,
    /// Effect of the call, in one sentence.
    effect: &'static str,
    handler: Handler,
}

impl Call {
    const fn get(path: &'static str, effect: &'static str, handler: Handler) -> Self {
        Self { method: Method::GET, path, body: "", effect, handler }
    }

    const fn post(path: &'static str, body: &'static str, effect: &'static str, handler: Handler) -> Self {
        Self { method: Method::POST, path, body, effect, handler }
    }

    const fn put(path: &'static str, body: &'static str, effect: &'static str, handler: Handler) -> Self {
        Self { method: Method::PUT, path, body, effect, handler }
    }

    fn describe(&self) -> Value {
        let body: Option<Value> = serde_json::from_str(self.body).ok();
        json!({
            "method": self.method.as_str(),
            "path": format!("{ROOT}{}", self.path),
            "body": body,
            "effect": self.effect,
        })
    }
}

#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method path has one lifetime, a handler accepts any"
)]
static CALLS: [Call; 12] = [
    Call::get("", "Lists these calls.", |_, _| Ok(list())),
    Call::post(
        "/episodes",
        r#"{"release_id": 1}"#,
        "Publishes the next episode of a release.",
        |control, _| control.publish_episode(),
    ),
    Call::post(
        "/torrents",
        r#"{"release_id": 1}"#,
        "Replaces the first torrent of a release with one of all published episodes.",
        |control, _| control.publish_torrent(),
    ),
    Call::post("/releases", "", "Adds a release with one episode.", |control, _| control.add_release()),
    Call::post(
        "/releases/{id}/name",
        r#"{"main": "Новое имя"}"#,
        "Renames a release.",
        |control, id| control.rename(id),
    ),
    Call::post(
        "/releases/{id}/status",
        r#"{"is_ongoing": false}"#,
        "Changes the status of a release.",
        |control, id| control.set_status(id),
    ),
    Call::put(
        "/faults",
        r#"{"latency_ms": 500, "error_rate": 0.3}"#,
        "Replaces the current faults. An empty object removes them.",
        |control, _| control.set_faults(),
    ),
    Call::get("/requests", "Returns the log of requests to the API.", |control, _| Ok(control.requests())),
    Call::post("/clock", r#"{"advance_seconds": 300}"#, "Advances the clock.", |control, _| {
        control.advance_clock()
    }),
    Call::post(
        "/social",
        r#"{"state": "…"}"#,
        "Finishes a social login, as its user does in the browser.",
        |control, _| control.finish_social_login(),
    ),
    Call::get("/password", "Returns the newest password reset token.", |control, _| {
        Ok(control.password_token())
    }),
    Call::post("/reset", "", "Restores the initial state.", |control, _| Ok(control.reset())),
];

/// Returns the path below the control API. `None` if `path` is outside of it.
pub(crate) fn below(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(ROOT)?;
    // The list of calls also has a path with a trailing slash.
    let rest = if rest == "/" { "" } else { rest };
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// Returns the call for `path` and the id in `path`.
fn find(path: &str) -> Option<(&'static Call, &str)> {
    CALLS.iter().find_map(|call| Some((call, id_in(call.path, path)?)))
}

/// Returns the id in `path`, empty if `pattern` has no id. `None` if `path` does not match `pattern`.
fn id_in<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, after)) = pattern.split_once("{id}") else {
        return (path == pattern).then_some("");
    };
    path.strip_prefix(before)?.strip_suffix(after).filter(|id| !id.contains('/'))
}

/// Answers the request for `path` below the control API.
pub(crate) fn respond(state: &SandboxState, site: &Site, method: &Method, path: &str, body: &Bytes) -> Reply {
    let Some((call, id)) = find(path) else {
        return Problem::not_found(format!("The route sandbox{path} could not be found.")).into();
    };
    // The server removes the body of a response to HEAD.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    if *method != call.method {
        return Problem::method_not_allowed(method, std::slice::from_ref(&call.method)).into();
    }
    (call.handler)(&Control { state, site, body }, id).unwrap_or_else(Reply::from)
}

fn list() -> Reply {
    let calls: Value = CALLS.iter().map(Call::describe).collect();
    let account = json!({"login": Sandbox::LOGIN, "password": Sandbox::PASSWORD});
    Reply::plain_json(StatusCode::OK, &json!({"account": account, "calls": calls}))
}

impl Control<'_> {
    fn requests(&self) -> Reply {
        let log = self.state.log();
        Reply::plain_json(StatusCode::OK, &json!({"count": log.count(), "requests": log.all()}))
    }

    fn reset(&self) -> Reply {
        self.state.reset();
        Reply::empty(StatusCode::NO_CONTENT)
    }

    fn set_faults(&self) -> Result<Reply, Problem> {
        let body = serde_json::from_slice(self.body)
            .map_err(|error| invalid("faults", &format!("must be a JSON object: {error}")))?;
        let faults =
            Faults::from_json(&body).map_err(|InvalidFaults { field, reason }| invalid(&field, &reason))?;
        let body = json!(faults);
        self.state.injector().set(faults);
        Ok(Reply::plain_json(StatusCode::OK, &body))
    }

    fn advance_clock(&self) -> Result<Reply, Problem> {
        let fields = self.fields(&["advance_seconds"])?;
        let seconds = fields.get("advance_seconds").and_then(Value::as_u64);
        let seconds = seconds.ok_or_else(|| invalid("advance_seconds", "must be a whole number"))?;
        self.state.advance(Duration::from_secs(seconds));
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    fn finish_social_login(&self) -> Result<Reply, Problem> {
        let fields = self.fields(&["state"])?;
        let state = fields.get("state").and_then(Value::as_str);
        let state = state.ok_or_else(|| invalid("state", "must be a string"))?;
        if self.state.account().socials.finish(state) {
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        } else {
            Err(Problem::not_found("No open social login has this state."))
        }
    }

    fn password_token(&self) -> Reply {
        let account = self.state.account();
        Reply::plain_json(StatusCode::OK, &json!({"token": account.password.last_reset_token()}))
    }

    fn publish_episode(&self) -> Result<Reply, Problem> {
        let id = self.release_id()?;
        let mut catalog = self.state.catalog_mut();
        let place = catalog.publish_episode(id).map_err(change_problem)?;
        let view = self.view(&catalog);
        let episode = catalog.release(id).map(|release| view.episode_with_release_name(release, place));
        Ok(Reply::plain_json(StatusCode::CREATED, &episode.into()))
    }

    fn publish_torrent(&self) -> Result<Reply, Problem> {
        let id = self.release_id()?;
        let mut catalog = self.state.catalog_mut();
        catalog.publish_torrent(id).map_err(change_problem)?;
        let torrent = catalog.release(id).map(|release| torrent(release, 0));
        Ok(Reply::plain_json(StatusCode::CREATED, &torrent.into()))
    }

    fn add_release(&self) -> Result<Reply, Problem> {
        self.fields(&[])?;
        let mut catalog = self.state.catalog_mut();
        let id = catalog.add_release().map_err(change_problem)?;
        Ok(Reply::plain_json(StatusCode::CREATED, &self.release(&catalog, id)))
    }

    fn rename(&self, id: &str) -> Result<Reply, Problem> {
        let id = id.parse().map_err(|_| change_problem(ChangeError::UnknownRelease))?;
        let fields = self.fields(&["main"])?;
        let name = fields.get("main").and_then(Value::as_str);
        let name = name.ok_or_else(|| invalid("main", "must be a name"))?;
        let mut catalog = self.state.catalog_mut();
        catalog.rename(id, name).map_err(change_problem)?;
        Ok(Reply::plain_json(StatusCode::OK, &self.release(&catalog, id)))
    }

    fn set_status(&self, id: &str) -> Result<Reply, Problem> {
        let id = id.parse().map_err(|_| change_problem(ChangeError::UnknownRelease))?;
        let fields = self.fields(&["is_ongoing", "is_in_production"])?;
        let flag = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(invalid(name, "must be true or false")),
        };
        let (is_ongoing, is_in_production) = (flag("is_ongoing")?, flag("is_in_production")?);
        if is_ongoing.is_none() && is_in_production.is_none() {
            return Err(invalid("is_ongoing", "is required"));
        }
        let mut catalog = self.state.catalog_mut();
        catalog.set_status(id, is_ongoing, is_in_production).map_err(change_problem)?;
        Ok(Reply::plain_json(StatusCode::OK, &self.release(&catalog, id)))
    }

    fn view<'v>(&'v self, catalog: &'v Catalog) -> View<'v> {
        View { catalog, site: self.site }
    }

    /// Renders a release with all its parts.
    fn release(&self, catalog: &Catalog, id: u32) -> Value {
        let view = self.view(catalog);
        catalog.release(id).map(|release| view.release_details(release, &Projection::default())).into()
    }

    /// Reads the field `release_id`, the only one of the body.
    fn release_id(&self) -> Result<u32, Problem> {
        let fields = self.fields(&["release_id"])?;
        let id = fields
            .get("release_id")
            .ok_or("is required")
            .and_then(|id| id.as_u64().ok_or("must be an integer"));
        let id = id.map_err(|reason| invalid("release_id", reason))?;
        u32::try_from(id).map_err(|_| change_problem(ChangeError::UnknownRelease))
    }

    /// Reads the fields of the body. Fields that are not `known` are rejected. An empty body has no fields.
    fn fields(&self, known: &[&str]) -> Result<Map<String, Value>, Problem> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        let fields: Map<String, Value> = serde_json::from_slice(self.body)
            .map_err(|error| invalid("body", &format!("must be a JSON object: {error}")))?;
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(invalid(name, "is unknown")),
            None => Ok(fields),
        }
    }
}

fn invalid(field: &str, reason: &str) -> Problem {
    Problem::invalid_field(field, format!("The {field} field {reason}."))
}

fn change_problem(error: ChangeError) -> Problem {
    match error {
        ChangeError::UnknownRelease => Problem::not_found("Release not found."),
        ChangeError::NoEpisodes => {
            Problem::invalid_field("release_id", "The release has no published episode.")
        }
        ChangeError::EmptyName => invalid("main", "must be a name"),
        ChangeError::Full => {
            Problem::invalid_field("release_id", "The sandbox has reached its maximum size.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_a_whole_segment() {
        assert_eq!(id_in("/releases/{id}/name", "/releases/7/name"), Some("7"));
        assert_eq!(id_in("/releases", "/releases"), Some(""));
        for path in ["/releases/7/status", "/releases/7/8/name", "/releases/7", "/name"] {
            assert_eq!(id_in("/releases/{id}/name", path), None, "{path}");
        }
    }

    #[test]
    fn body_examples_are_json_objects() {
        for call in CALLS.iter().filter(|call| !call.body.is_empty()) {
            assert!(call.describe()["body"].is_object(), "{}", call.path);
        }
    }
}
