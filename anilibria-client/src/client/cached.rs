//! Reads through a cache (feature `cache`).

use std::{sync::Arc, time::Duration};

use anilibria_cache::{Cache, LoadError, NewValue};
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{Client, decode, pipeline};
use crate::{
    Error, Result,
    request::{Caching, Request},
};

/// Returns the TTL of responses of an operation, unless the call sets one; `None` for operations that are not cached.
fn operation_ttl(template: &str) -> Option<Duration> {
    let last = template.rsplit('/').next().unwrap_or_default();
    if last == "random" || template == "/app/status" {
        return None;
    }
    let rarely_changes = template.contains("/references/") || template.starts_with("/teams/");
    Some(if rarely_changes || template == "/anime/genres" {
        Duration::from_hours(1)
    } else {
        Duration::from_mins(5)
    })
}

/// Returns the TTL of the response to `request`. Data of an account is not cached.
pub(super) fn ttl(request: &Request) -> Option<Duration> {
    if request.needs_session() || request.holds_secret() || !request.is_idempotent() {
        return None;
    }
    match request.caching() {
        Caching::ByOperation => operation_ttl(request.template()),
        Caching::For(ttl) => Some(ttl),
        Caching::Never => None,
    }
}

/// Returns the response to `request` from the cache. On a miss, it is requested from the service and stored.
pub(super) async fn fetch<T>(
    client: &Client,
    cache: &Cache,
    request: &Request,
    ttl: Duration,
    decode: fn(&[u8]) -> Result<T>,
) -> Result<T> {
    let (client, owned) = (client.clone(), request.clone());
    let load = move || async move {
        let body = pipeline::send(&client, &owned, &json).await?;
        Ok::<_, Error>(NewValue::new(body).ttl(ttl))
    };
    let body = cache.get_or_load(&request.cache_key(), [], load).await.map_err(|error| match error {
        LoadError::Failed(error) => error.as_ref().clone(),
        interrupted => Error::Interrupted { host: String::new(), source: Arc::new(interrupted) },
    })?;
    decode(body.value())
}

/// Returns the body if it is JSON. A block page with status 200 must not be stored.
fn json(body: Bytes) -> Result<Bytes> {
    decode::decode::<IgnoredAny>(&body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn get(template: &'static str) -> Request {
        Request::new(Method::GET, template)
    }

    #[test]
    fn references_are_cached_longer_than_releases_and_random_answers_never() {
        assert_eq!(ttl(&get("/anime/catalog/references/genres")), Some(Duration::from_hours(1)));
        assert_eq!(ttl(&get("/anime/releases/{release}")), Some(Duration::from_mins(5)));
        assert_eq!(ttl(&get("/anime/releases/random")), None);
    }

    #[test]
    fn account_calls_and_writes_are_never_cached() {
        let mut profile = get("/accounts/users/me/profile").session();
        let mut login = Request::new(Method::POST, "/accounts/users/auth/login");
        profile.set_caching(Caching::For(Duration::from_hours(1)));
        login.set_caching(Caching::For(Duration::from_hours(1)));

        assert_eq!((ttl(&profile), ttl(&login)), (None, None));
    }
}
