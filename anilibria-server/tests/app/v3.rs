//! Tests of AniLibria's old API v3. The service reads from a sandbox in the same process.

mod account;
mod cors;
mod fields;
mod lists;
mod refusals;
mod titles;
mod upstream_reads;

use std::time::Duration;

use anilibria_client::sandbox::{Faults, Sandbox};
use anilibria_http::{
    listener::{self, ConnectionLimits},
    trace::Sampler,
};
use anilibria_server::{
    app::{app, build::HostedSandbox, root_endpoint::RootEndpoint},
    titles::{Titles, catalog::SyncTask},
};
use poem::{
    http::Method,
    test::{TestClient, TestResponse},
};
use serde_json::Value;
use time::macros::datetime;
use tokio::net::TcpListener;

use crate::support::{self, build, config};

/// Number of releases of the sandbox.
const RELEASES: u32 = 24;

/// Timeout of waiting for the catalog.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The service and the sandbox from which it reads.
pub(crate) struct Gateway {
    upstream: Sandbox,
    service: TestClient<RootEndpoint>,
    titles: Titles,
    /// Loads the catalog until it is dropped.
    _sync: Option<SyncTask>,
}

impl Gateway {
    /// Starts the service without a local catalog, so that the tests can count its calls.
    async fn start() -> Self {
        Self::with(&["--catalogue-enabled=false"]).await
    }

    /// Starts the service with the local catalog, and waits until the catalog is loaded.
    async fn with_catalog() -> Self {
        let gateway = Self::with(&[]).await;
        let is_loaded = || gateway.titles.local_catalog().is_some_and(|local| local.catalog().is_some());
        let wait = async {
            while !is_loaded() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(TIMEOUT, wait).await.expect("the catalog");
        gateway
    }

    async fn with(flags: &[&str]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", socket.local_addr().unwrap());
        let upstream =
            Sandbox::builder().releases(RELEASES).seed(7).now(datetime!(2026-02-21 18:00 UTC)).build();
        let config = config(flags);
        let state = build(&config, Some(HostedSandbox::new(upstream.clone(), origin)));
        // The service calls its own sandbox over a socket.
        let (own, pause) = (app(&config, &state), Duration::ZERO);
        tokio::spawn(listener::serve(
            socket,
            ConnectionLimits::default(),
            own,
            std::future::pending(),
            pause,
        ));
        let service = TestClient::new(app(&config, &state));
        let sync = SyncTask::start(&state.titles, None, Sampler::default());
        Self { upstream, service, _sync: sync, titles: state.titles }
    }

    /// Makes the sandbox drop all requests from now on.
    fn take_upstream_down(&self) {
        self.upstream.set_faults(Faults::new().drop(true)).unwrap();
    }

    async fn send(&self, method: Method, path: &str) -> TestResponse {
        self.service.request(method, path).send().await
    }

    /// Sends `GET` and returns the body of the response, which must be a success.
    async fn get(&self, path: &str) -> Value {
        let response = self.send(Method::GET, path).await;
        let status = response.0.status();
        response.assert_content_type("application/json; charset=utf-8");
        response.assert_header("api-version", "3.0.14");
        let body = support::json(response).await;
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// Sends a request and returns the body of the response.
    async fn request(&self, method: Method, path: &str) -> Value {
        support::json(self.send(method, path).await).await
    }
}

/// Returns the ids of the titles in a list.
fn ids(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|title| title["id"].as_u64().unwrap()).collect()
}

/// Encodes `text` for a query string.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
