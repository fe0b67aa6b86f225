//! An operation of the API: its route, its handler, and the call that the handler answers.

use std::sync::MutexGuard;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::account::Account;
use super::catalog::Catalog;
use super::params::Params;
use super::problem::Problem;
use super::projection::Projection;
use super::reply::Reply;
use super::site::Site;
use super::state::SandboxState;
use super::view::View;

/// Laravel's message for calls without a valid token.
pub(crate) const UNAUTHENTICATED: &str = "Unauthenticated.";

/// Maximum length of a passkey that is copied into links, in bytes.
const MAX_PASSKEY: usize = 64;

/// A function that answers the calls of one operation.
pub(crate) type Handler = fn(&Call<'_>) -> Result<Reply, Problem>;

/// The route of one operation: a line in the table of its group.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Path below the API root. A segment in braces matches any value, which [`Call::segment`] returns.
    pub(crate) path: &'static str,
    pub(crate) handler: Handler,
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

/// Values of the segments in braces of a route, by name.
pub(crate) type Segments = Vec<(&'static str, String)>;

/// A call of an operation.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a SandboxState,
    /// The requested path below the API root.
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
    pub(crate) segments: Segments,
}

impl Call<'_> {
    /// Returns a renderer of the records of `catalog` for this caller.
    pub(crate) fn view<'v>(&'v self, catalog: &'v Catalog) -> View<'v> {
        View { catalog, site: &self.site }
    }

    /// Returns the token of the request, valid or not.
    pub(crate) fn token(&self) -> Option<&str> {
        let (scheme, token) = self.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Locks the account of the caller; fails with 403 without a valid token.
    pub(crate) fn account(&self) -> Result<MutexGuard<'_, Account>, Problem> {
        let account = self.state.account();
        match self.token() {
            Some(token) if account.sessions.is_open(token) => Ok(account),
            _ => Err(Problem::new(StatusCode::FORBIDDEN, UNAUTHENTICATED)),
        }
    }

    /// Returns the passkey for personal links to torrents, if the request has one that is safe in a link.
    pub(crate) fn passkey(&self) -> Option<&str> {
        let is_sound =
            |key: &&str| key.len() <= MAX_PASSKEY && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        self.params.text("pk").filter(is_sound)
    }

    /// Answers with one item, reduced to the requested fields.
    pub(crate) fn item(&self, item: Value) -> Reply {
        self.projection.apply(item).into()
    }

    /// Answers with a bare list of items, each reduced to the requested fields.
    pub(crate) fn list(&self, items: impl Iterator<Item = Value>) -> Reply {
        Value::Array(self.projection.apply_all(items)).into()
    }

    /// Returns the value at `{name}` in the path of the route; empty if the route has no such segment.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.segments.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}
