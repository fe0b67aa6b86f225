//! AniLibria's old API v3, reading from a sandbox in the same process.

mod account;
mod cors;
mod fields;
mod lists;
mod refusals;
mod titles;

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

/// How many releases the sandbox has.
const RELEASES: u32 = 24;

/// How long is waited for what comes at all.
const PATIENCE: Duration = Duration::from_mins(1);

/// The service, and what it reads from.
pub(crate) struct Gateway {
    upstream: Sandbox,
    service: TestClient<RootEndpoint>,
    titles: Titles,
    /// Loads the catalog, as long as it is not dropped.
    _sync: Option<SyncTask>,
}

impl Gateway {
    /// The service without a local catalog, so that all it asks can be counted.
    async fn start() -> Self {
        Self::with(&["--catalogue-enabled=false"]).await
    }

    /// The service with the catalog, once that is loaded.
    async fn mirrored() -> Self {
        let gateway = Self::with(&[]).await;
        let is_loaded = || gateway.titles.local_catalog().is_some_and(|mirror| mirror.catalog().is_some());
        let wait = async {
            while !is_loaded() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the catalog");
        gateway
    }

    async fn with(flags: &[&str]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", socket.local_addr().unwrap());
        let upstream =
            Sandbox::builder().releases(RELEASES).seed(7).now(datetime!(2026-02-21 18:00 UTC)).build();
        let config = config(flags);
        let state = build(&config, Some(HostedSandbox::new(upstream.clone(), origin)));
        // What the service asks, it asks its own sandbox over a socket.
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

    /// AniLibria answers nothing from now on.
    fn down(&self) {
        self.upstream.set_faults(Faults::new().drop(true)).unwrap();
    }

    async fn send(&self, method: Method, path: &str) -> TestResponse {
        self.service.request(method, path).send().await
    }

    /// The body of a good answer.
    async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path).await;
        let status = answer.0.status();
        answer.assert_content_type("application/json; charset=utf-8");
        answer.assert_header("api-version", "3.0.14");
        let body = support::json(answer).await;
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// The body of an answer to any method.
    async fn ask(&self, method: Method, path: &str) -> Value {
        support::json(self.send(method, path).await).await
    }
}

/// The ids of titles in a list.
fn ids(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|title| title["id"].as_u64().unwrap()).collect()
}

/// `text` as a part of an address.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
