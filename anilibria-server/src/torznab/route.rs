//! The route of the indexer.

use std::sync::Arc;

use anilibria_http::{
    asset::Asset,
    cache_control,
    clients::Clients,
    rendered::{CachePolicy, respond, with_etag},
};
use anilibria_torznab::{Addresses, Error, Function, Parameters, Query, caps};
use poem::{
    Endpoint, Request, Response,
    http::{HeaderValue, StatusCode, header},
};

use super::indexer::Indexer;
use crate::auth::ApiKey;

const XML: &str = "application/xml; charset=utf-8";

const RSS: HeaderValue = HeaderValue::from_static("application/rss+xml; charset=utf-8");

/// `Retry-After` in seconds while the catalog is being loaded.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

/// Answers requests of Torznab clients.
pub(super) struct Route {
    indexer: Arc<Indexer>,
    key: Option<ApiKey>,
    clients: Arc<Clients>,
    caps: Asset,
}

impl Route {
    /// Creates the route. Searches require the API key `key`, if it is set.
    pub(super) fn new(indexer: Arc<Indexer>, key: Option<ApiKey>, clients: Arc<Clients>) -> Self {
        Self { indexer, key, clients, caps: Asset::new(XML, caps()) }
    }

    async fn respond(&self, request: &Request) -> Result<Response, Error> {
        let parameters = Parameters::parse(request.uri().query().unwrap_or_default())?;
        let function = parameters.function()?;
        if function == Function::Caps {
            return Ok(self.caps.response());
        }
        if self.key.as_ref().is_some_and(|key| !key.matches(parameters.key().unwrap_or_default())) {
            return Err(Error::IncorrectKey);
        }
        let query = Query::new(function, &parameters)?;
        let index = self.indexer.index().await?;
        let origin = self.clients.origin_of(request).unwrap_or_default();
        // Without the query, because it contains the API key.
        let itself = format!("{origin}{}", request.uri().path());
        let site = self.indexer.titles().client().media_url("/").unwrap_or_default();
        Ok(self.results(&index.search(&query).to_xml(Addresses { indexer: &itself, site: &site })))
    }

    /// Returns the response with the results. Caches must not store responses that require an API key.
    fn results(&self, document: &str) -> Response {
        let mut shared = with_etag(document);
        // The last part of a compressed body must not be empty.
        let end = shared.split_off(shared.len().saturating_sub(1));
        let kept = if self.key.is_some() { CachePolicy::NoStore } else { CachePolicy::FreshUntil(None) };
        let mut response = respond(shared, end, kept);
        response.headers_mut().insert(header::CONTENT_TYPE, RSS);
        response
    }
}

impl Endpoint for Route {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(self.respond(&request).await.unwrap_or_else(|error| error_response(&error)))
    }
}

/// Returns the response with an error. Its status is 200, because clients read the code in the document and treat other statuses
/// as network failures. Only before the catalog is loaded the status is 503.
fn error_response(error: &Error) -> Response {
    let mut response = Response::builder().content_type(XML).body(error.to_xml());
    response.headers_mut().insert(header::CACHE_CONTROL, cache_control::NO_STORE);
    if *error == Error::Unavailable {
        response.set_status(StatusCode::SERVICE_UNAVAILABLE);
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}
