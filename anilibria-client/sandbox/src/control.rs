//! The control API below `/sandbox`: publishing, faults, the log, the clock, reset.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::catalog::{Catalog, ChangeError};
use super::faults::{Faults, InvalidFaults};
use super::problem::Problem;
use super::projection::Projection;
use super::reply::Reply;
use super::site::Site;
use super::view::{View, torrent};
use super::world::World;

/// Below which path the control API lives.
pub(crate) const CONTROL: &str = "/sandbox/";

/// A call of the control API.
struct Control<'a> {
    world: &'a World,
    site: &'a Site,
    body: &'a Bytes,
}

type Handler = fn(&Control<'_>, &str) -> Result<Reply, Problem>;

/// What a path does: the only method it takes, and its handler with the id in the path.
fn find(path: &str) -> Option<(Method, Handler, &str)> {
    let found: (_, Handler, _) = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["requests"] => (Method::GET, |control, _| Ok(control.requests()), ""),
        ["reset"] => (Method::POST, |control, _| Ok(control.reset()), ""),
        ["faults"] => (Method::PUT, |control, _| control.faults(), ""),
        ["clock"] => (Method::POST, |control, _| control.clock(), ""),
        ["social"] => (Method::POST, |control, _| control.social(), ""),
        ["password"] => (Method::GET, |control, _| Ok(control.password()), ""),
        ["episodes"] => (Method::POST, |control, _| control.publish(), ""),
        ["torrents"] => (Method::POST, |control, _| control.share(), ""),
        ["releases"] => (Method::POST, |control, _| control.add(), ""),
        ["releases", id, "name"] => (Method::POST, |control, id| control.name(id), *id),
        ["releases", id, "status"] => (Method::POST, |control, id| control.status(id), *id),
        _ => return None,
    };
    Some(found)
}

/// Answers the request for `path` below the control API.
pub(crate) fn answer(world: &World, site: &Site, method: &Method, path: &str, body: &Bytes) -> Reply {
    let Some((expected, handler, id)) = find(path) else {
        return Problem::not_found(format!("The route sandbox/{path} could not be found.")).into();
    };
    if *method != expected {
        return Problem::method_not_allowed(method, &[expected]).into();
    }
    handler(&Control { world, site, body }, id).unwrap_or_else(Reply::from)
}

impl Control<'_> {
    fn requests(&self) -> Reply {
        let log = self.world.log();
        Reply::plain_json(StatusCode::OK, &json!({"count": log.count(), "requests": log.all()}))
    }

    fn reset(&self) -> Reply {
        self.world.reset();
        Reply::empty(StatusCode::NO_CONTENT)
    }

    fn faults(&self) -> Result<Reply, Problem> {
        let body = serde_json::from_slice(self.body)
            .map_err(|error| invalid("faults", &format!("must be a JSON object: {error}")))?;
        let faults =
            Faults::from_json(&body).map_err(|InvalidFaults { field, reason }| invalid(&field, &reason))?;
        let answer = json!(faults);
        self.world.injector().set(faults);
        Ok(Reply::plain_json(StatusCode::OK, &answer))
    }

    fn clock(&self) -> Result<Reply, Problem> {
        let fields = self.fields(&["advance_seconds"])?;
        let seconds = fields.get("advance_seconds").and_then(Value::as_u64);
        let seconds = seconds.ok_or_else(|| invalid("advance_seconds", "must be a whole number"))?;
        self.world.advance(Duration::from_secs(seconds));
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    fn social(&self) -> Result<Reply, Problem> {
        let fields = self.fields(&["state"])?;
        let state = fields.get("state").and_then(Value::as_str);
        let state = state.ok_or_else(|| invalid("state", "must be a string"))?;
        if self.world.account().socials.finish(state) {
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        } else {
            Err(Problem::not_found("No social login with this state is open."))
        }
    }

    fn password(&self) -> Reply {
        let account = self.world.account();
        Reply::plain_json(StatusCode::OK, &json!({"token": account.password.last_letter()}))
    }

    fn publish(&self) -> Result<Reply, Problem> {
        let id = self.release_id()?;
        let mut catalog = self.world.catalog_mut();
        let place = catalog.publish(id).map_err(refused)?;
        let view = self.view(&catalog);
        let episode = catalog.release(id).map(|release| view.episode_with_release(release, place));
        Ok(Reply::plain_json(StatusCode::CREATED, &episode.into()))
    }

    fn share(&self) -> Result<Reply, Problem> {
        let id = self.release_id()?;
        let mut catalog = self.world.catalog_mut();
        catalog.share(id).map_err(refused)?;
        let torrent = catalog.release(id).map(|release| torrent(release, 0));
        Ok(Reply::plain_json(StatusCode::CREATED, &torrent.into()))
    }

    fn add(&self) -> Result<Reply, Problem> {
        self.fields(&[])?;
        let mut catalog = self.world.catalog_mut();
        let id = catalog.add().map_err(refused)?;
        Ok(Reply::plain_json(StatusCode::CREATED, &self.release(&catalog, id)))
    }

    fn name(&self, id: &str) -> Result<Reply, Problem> {
        let id = id.parse().map_err(|_| refused(ChangeError::UnknownRelease))?;
        let fields = self.fields(&["main"])?;
        let name = fields.get("main").and_then(Value::as_str);
        let name = name.ok_or_else(|| invalid("main", "must be a name"))?;
        let mut catalog = self.world.catalog_mut();
        catalog.rename(id, name).map_err(refused)?;
        Ok(Reply::plain_json(StatusCode::OK, &self.release(&catalog, id)))
    }

    fn status(&self, id: &str) -> Result<Reply, Problem> {
        let id = id.parse().map_err(|_| refused(ChangeError::UnknownRelease))?;
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
        let mut catalog = self.world.catalog_mut();
        catalog.set_status(id, is_ongoing, is_in_production).map_err(refused)?;
        Ok(Reply::plain_json(StatusCode::OK, &self.release(&catalog, id)))
    }

    fn view<'v>(&'v self, catalog: &'v Catalog) -> View<'v> {
        View { catalog, site: self.site }
    }

    /// A release with all its parts.
    fn release(&self, catalog: &Catalog, id: u32) -> Value {
        let view = self.view(catalog);
        catalog.release(id).map(|release| view.release_details(release, &Projection::default())).into()
    }

    /// The field `release_id`, the only one there may be.
    fn release_id(&self) -> Result<u32, Problem> {
        let fields = self.fields(&["release_id"])?;
        let id = fields
            .get("release_id")
            .ok_or("is required")
            .and_then(|id| id.as_u64().ok_or("must be an integer"));
        let id = id.map_err(|reason| invalid("release_id", reason))?;
        u32::try_from(id).map_err(|_| refused(ChangeError::UnknownRelease))
    }

    /// The fields of the body, of which only the `known` ones may be there. No body is an empty one.
    fn fields(&self, known: &[&str]) -> Result<Map<String, Value>, Problem> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        let fields: Map<String, Value> = serde_json::from_slice(self.body)
            .map_err(|error| invalid("body", &format!("must be a JSON object: {error}")))?;
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(invalid(name, "is not known here")),
            None => Ok(fields),
        }
    }
}

fn invalid(field: &str, reason: &str) -> Problem {
    Problem::invalid_field(field, format!("The {field} field {reason}."))
}

fn refused(error: ChangeError) -> Problem {
    match error {
        ChangeError::UnknownRelease => Problem::not_found("Release not found."),
        ChangeError::NoEpisodes => Problem::invalid_field("release_id", "No episode of the release is out."),
        ChangeError::EmptyName => invalid("main", "must be a name"),
        ChangeError::Full => Problem::invalid_field("release_id", "The sandbox does not grow any further."),
    }
}
