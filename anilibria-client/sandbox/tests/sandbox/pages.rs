//! Pages and the links between them.

use anilibria_sandbox::Sandbox;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ask::{all, get, list, send};

fn pagination(response: &Value) -> &Value {
    &response["meta"]["pagination"]
}

#[tokio::test]
async fn page_contains_its_position() {
    let sandbox = Sandbox::new();

    let first = get(&sandbox, "/anime/catalog/releases").await;
    let middle = get(&sandbox, "/anime/catalog/releases?page=2&f%5Btypes%5D=TV,MOVIE&limit=7").await;
    let last = get(&sandbox, "/anime/catalog/releases?page=6&limit=50").await;

    assert_eq!(
        *pagination(&first),
        json!({
            "total": 300,
            "count": 15,
            "per_page": 15,
            "current_page": 1,
            "total_pages": 20,
            "links": {"next": "http://stand-in.test/api/v1/anime/catalog/releases?page=2"},
        })
    );
    let root = "http://stand-in.test/api/v1/anime/catalog/releases?f%5Btypes%5D=TV%2CMOVIE&limit=7";
    let links = json!({"previous": format!("{root}&page=1"), "next": format!("{root}&page=3")});
    assert_eq!(pagination(&middle)["links"], links);
    assert!(pagination(&last)["links"]["next"].is_null());
    assert!(pagination(&last)["links"]["previous"].is_string());
}

#[tokio::test]
async fn page_after_the_last_one_is_empty() {
    let response = get(&Sandbox::new(), "/anime/catalog/releases?page=1000").await;

    assert_eq!(response["data"], json!([]));
    assert_eq!((&pagination(&response)["count"], &pagination(&response)["total"]), (&json!(0), &json!(300)));
    assert!(pagination(&response)["links"]["next"].is_null());
}

#[tokio::test]
async fn pages_contain_each_item_once() {
    let sandbox = Sandbox::builder().releases(101).build();

    let mut ids: Vec<_> = all(&sandbox, "/anime/catalog/releases?limit=10")
        .await
        .iter()
        .map(|release| release["id"].as_u64().unwrap())
        .collect();

    ids.sort_unstable();
    assert_eq!(ids, (1..=101).collect::<Vec<_>>());
}

#[tokio::test]
async fn links_contain_the_forwarded_prefix() {
    let request = Request::get("/api/v1/anime/torrents?limit=1")
        .header("host", "site.test:8000")
        .header("x-forwarded-prefix", "/sandbox");

    let response = send(&Sandbox::new(), request.body(Bytes::new()).unwrap()).await.json();

    let next = "http://site.test:8000/sandbox/api/v1/anime/torrents?limit=1&page=2";
    assert_eq!(pagination(&response)["links"]["next"], next);
}

#[tokio::test]
async fn without_a_host_streams_have_the_host_of_the_live_service() {
    let request =
        Request::get("/api/v1/anime/releases/7?include=episodes.hls_480").body(Bytes::new()).unwrap();

    let response = send(&Sandbox::new(), request).await.json();

    let stream = list(&response["episodes"])[0]["hls_480"].as_str().unwrap();
    assert!(stream.starts_with("https://cache.libria.fun/videos/media/ts/7/1/480/"));
}
