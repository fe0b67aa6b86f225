//! Filters by the ids of MyAnimeList and Shikimori.

use std::time::Duration;

use anilibria_client::sandbox::{RunningSandbox, Sandbox};
use anilibria_http::trace::Sampler;
use anilibria_server::{
    app::root_endpoint::RootEndpoint,
    titles::{Titles, catalog::SyncTask},
};
use poem::{http::StatusCode, test::TestClient};
use serde_json::Value;

use crate::support::{assert_error, json, service_with_upstream};

/// Timeout of loading the catalog.
const TIMEOUT: Duration = Duration::from_mins(1);

async fn upstream() -> RunningSandbox {
    Sandbox::builder().releases(9).seed(1).build().start().await.unwrap()
}

/// Loads the catalog. The returned task keeps it up to date until it is dropped.
async fn load(titles: &Titles) -> SyncTask {
    let task = SyncTask::start(titles, None, Sampler::default()).unwrap();
    let wait = async {
        while titles.local_catalog().is_none_or(|local| local.catalog().is_none()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, wait).await.expect("the catalog should load within the timeout");
    task
}

async fn list(service: &TestClient<RootEndpoint>, path: &str) -> Vec<Value> {
    let response = service.get(path).send().await;
    response.assert_status_is_ok();
    json(response).await["data"].as_array().unwrap().clone()
}

fn ids(titles: &[Value]) -> Vec<u64> {
    titles.iter().map(|title| title["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn titles_are_filtered_by_ids_of_both_services() {
    let upstream = upstream().await;
    let (service, titles) = service_with_upstream(&upstream.api_url());
    let _task = load(&titles).await;
    let all = list(&service, "/titles?order=asc").await;
    let id = |title: usize, service: &str| all[title][service].as_u64().expect("a numeric id");
    let (first, second) = (id(0, "mal_id"), id(1, "mal_id"));

    let both = list(&service, &format!("/titles?order=asc&mal_id={first},{second},{first}")).await;
    let repeated = list(&service, &format!("/titles?order=asc&mal_id={second}&mal_id[]={first}")).await;
    let shikimori = list(&service, &format!("/titles?shikimori_id={}", id(2, "shikimori_id"))).await;
    let neither =
        list(&service, &format!("/titles?mal_id={first}&shikimori_id={}", id(2, "shikimori_id"))).await;

    assert_eq!(both, all[..2]);
    assert_eq!(repeated, both);
    assert_eq!(ids(&shikimori), ids(&all[2..3]));
    assert_eq!(neither, [] as [Value; 0]);
}

#[tokio::test]
async fn single_title_has_external_ids() {
    let upstream = upstream().await;
    let (service, titles) = service_with_upstream(&upstream.api_url());
    let _task = load(&titles).await;

    let listed = list(&service, "/titles?order=asc&limit=1").await;
    let title = json(service.get("/titles/1").send().await).await;

    for field in ["id", "mal_id", "shikimori_id"] {
        assert_eq!(title["data"][field], listed[0][field], "{field}");
    }
}

#[tokio::test]
async fn filter_by_external_id_needs_a_loaded_catalog() {
    let upstream = upstream().await;
    let (service, titles) = service_with_upstream(&upstream.api_url());

    for path in ["/titles?mal_id=1", "/titles?shikimori_id=1"] {
        let response = service.get(path).send().await;

        response.assert_header("retry-after", "5");
        let error = assert_error(response, StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE").await;
        assert_eq!(error["details"]["reason"], "the catalog is not loaded");
    }
    assert_eq!(upstream.request_count(), 0);

    let _task = load(&titles).await;
    service.get("/titles?mal_id=1").send().await.assert_status_is_ok();
}
