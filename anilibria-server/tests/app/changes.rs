//! Expiry of cached responses after a change of a title.

use anilibria_client::sandbox::{RunningSandbox, Sandbox};
use anilibria_server::app::root_endpoint::RootEndpoint;
use poem::test::TestClient;
use serde_json::{Value, json};

use crate::support::{json as body, service_with_upstream};

/// Paths whose response contains title 1, or may contain it after a change.
const AFFECTED: [&str; 6] =
    ["/titles/1", "/titles", "/search?q=кот", "/updates", "/popular?limit=1&page=2", "/schedule"];

/// Paths whose response never contains title 1.
const UNAFFECTED: [&str; 2] = ["/titles/2", "/genres"];

async fn upstream() -> RunningSandbox {
    Sandbox::builder().releases(3).seed(1).build().start().await.unwrap()
}

async fn meta(service: &TestClient<RootEndpoint>, path: &str) -> Value {
    let response = service.get(path).send().await;
    response.assert_status_is_ok();
    body(response).await["meta"].clone()
}

async fn warm(service: &TestClient<RootEndpoint>) {
    for path in AFFECTED.iter().chain(&UNAFFECTED) {
        assert_eq!(meta(service, path).await["cached"], false, "{path}");
    }
}

#[tokio::test]
async fn changed_title_and_all_lists_are_reloaded() {
    let upstream = upstream().await;
    let (service, titles) = service_with_upstream(&upstream.api_url());
    warm(&service).await;

    let expired = titles.expire_title(1).await;

    assert!(expired >= AFFECTED.len() as u64, "{expired}");
    for path in AFFECTED {
        assert_eq!(meta(&service, path).await["cached"], false, "{path}");
    }
    for path in UNAFFECTED {
        assert_eq!(meta(&service, path).await["cached"], true, "{path}");
    }
}

#[tokio::test]
async fn expired_responses_are_served_stale_without_upstream() {
    let upstream = upstream().await;
    let (service, titles) = service_with_upstream(&upstream.api_url());
    warm(&service).await;

    titles.expire_title(1).await;
    upstream.stop().await;

    for path in AFFECTED {
        let meta = meta(&service, path).await;
        assert_eq!((&meta["cached"], &meta["stale"]), (&json!(true), &json!(true)), "{path}");
    }
    for path in UNAFFECTED {
        assert_eq!(meta(&service, path).await["stale"], Value::Null, "{path}");
    }
}
