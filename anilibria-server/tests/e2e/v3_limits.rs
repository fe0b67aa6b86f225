//! Limits of the old API v3: expensive searches, large responses, and requests to AniLibria.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    limits::{client, service_with_limits},
    socket::{Socket, publish_episode},
    support::{Response, Service, binary, eventually},
};

/// Returns the path of a search with one small regular expression. The number makes the search unique.
fn small_search(number: usize) -> String {
    search(&[format!(r#"{{description}} ~= "ъъ{number}""#)])
}

/// Returns the path of a search with eleven large regular expressions.
fn large_search() -> String {
    let pattern = |size: usize| format!(r#"{{description}} ~= "(\w+\W+){{8}}[а-я]{{{}}}ъъ""#, size + 3);
    search(&(0..11).map(pattern).collect::<Vec<_>>())
}

fn search(alternatives: &[String]) -> String {
    let query: String = url::form_urlencoded::byte_serialize(alternatives.join(" or ").as_bytes()).collect();
    format!("/v3/title/search/advanced?filter=id&query={query}")
}

/// Starts the service with a loaded local catalog.
async fn service_with_catalog(variables: &[(&str, &str)]) -> Service {
    let variables = [variables, &[("CATALOGUE_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "3600")]].concat();
    let service = service_with_limits(&variables);
    wait_for_catalog(&service).await;
    service
}

/// Waits until the catalog is loaded.
pub(crate) async fn wait_for_catalog(service: &Service) {
    eventually("the catalog", async || {
        let health = service.send(Method::GET, "/health", None).await.json();
        health["checks"]["catalogue"]["releases"].as_u64().filter(|releases| *releases > 0)
    })
    .await;
}

async fn get(service: &Service, number: u8, path: &str) -> Response {
    Response::to(client(number).get(format!("{}{path}", service.origin))).await
}

/// Returns the number of requests to the sandbox.
async fn calls(sandbox: &Service) -> u64 {
    sandbox.send(Method::GET, "/sandbox/requests", None).await.json()["count"].as_u64().unwrap()
}

#[tokio::test]
async fn searches_beyond_the_queue_are_refused() {
    let service = service_with_catalog(&[
        ("RATE_LIMIT_REQUESTS_PER_MINUTE", "0"),
        ("V3_SEARCH_THREADS", "1"),
        ("V3_SEARCH_QUEUE", "2"),
    ])
    .await;

    let paths: Vec<_> = (0..30).map(small_search).collect();
    let searches = paths.iter().map(|path| get(&service, 1, path));
    let meanwhile = (0..30).map(|_| get(&service, 2, "/v3/title/updates?filter=id"));
    let (searches, meanwhile) = futures::join!(join_all(searches), join_all(meanwhile));

    let refused: Vec<_> = searches.iter().filter(|response| response.status != StatusCode::OK).collect();
    assert!(!refused.is_empty() && refused.len() < searches.len(), "{} refused", refused.len());
    for response in refused {
        assert_eq!(response.json()["error"]["code"], 503, "{}", response.text);
        assert_eq!(response.header("retry-after"), "1");
    }
    assert!(meanwhile.iter().all(|response| response.status == StatusCode::OK));
}

#[tokio::test]
async fn search_is_charged_by_its_regular_expressions_unless_it_is_cached() {
    // The quota does not refill while the test runs.
    let service = service_with_catalog(&[("RATE_LIMIT_REQUESTS_PER_MINUTE", "1")]).await;

    let first = get(&service, 1, &small_search(1)).await;
    let again = get(&service, 1, &small_search(1)).await;
    let mut other = Vec::new();
    for number in 2..6 {
        other.push(get(&service, 1, &small_search(number)).await.status.as_u16());
    }

    // The quota has 20 units. A search costs one for the request, two for the search and one for its regular expression.
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(other, [200, 200, 200, 429]);
    assert_eq!(get(&service, 2, &small_search(7)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn size_of_regular_expressions_is_limited_per_query() {
    let service = service_with_catalog(&[("RATE_LIMIT_REQUESTS_PER_MINUTE", "0")]).await;

    for _ in 0..2 {
        let response = get(&service, 1, &large_search()).await;

        assert_eq!(response.status, StatusCode::PRECONDITION_FAILED, "{}", response.text);
        let message = response.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("`query`") && message.contains("too large after compilation"), "{message}");
    }
}

#[tokio::test]
async fn equal_projections_share_a_cache_entry() {
    let service = service_with_catalog(&[("RATE_LIMIT_REQUESTS_PER_MINUTE", "0")]).await;
    let tag = async |removed: &str| {
        let path = format!("/v3/title/updates?limit=-1&remove={removed}");
        get(&service, 1, &path).await.header("etag").to_owned()
    };
    let misses = async || {
        let metrics = service.send(Method::GET, "/metrics", None).await.text;
        let line =
            "anime_site_cache_operations_total{cache_level=\"memory\",operation=\"set\",result=\"ok\"} ";
        metrics.lines().find_map(|found| found.strip_prefix(line)?.parse::<f64>().ok()).unwrap_or_default()
    };
    let first = tag("player,franchises").await;
    let before = misses().await;

    let spellings = [
        "franchises,player",
        "zz1,player,franchises,yy[4].x",
        "player,player.list.1,franchises[*],franchises",
    ];
    for spelling in spellings {
        assert_eq!(tag(spelling).await, first, "{spelling}");
    }

    assert!((misses().await - before).abs() < 0.5);
}

#[tokio::test]
async fn every_field_of_a_title_can_be_selected() {
    let service = service_with_catalog(&[("RATE_LIMIT_REQUESTS_PER_MINUTE", "0")]).await;
    let title = get(&service, 1, "/v3/title?id=1").await.json();
    let mut paths = Vec::new();
    collect("", &title, &mut paths);

    for path in &paths {
        let part = get(&service, 1, &format!("/v3/title?id=1&filter={path}")).await.json();
        assert_ne!(part, json!({}), "{path}");
    }

    assert!(paths.len() > 60, "{}", paths.len());
}

/// Collects the paths of all values in `value`. Of a list, only the first item counts.
fn collect(path: &str, value: &serde_json::Value, paths: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(&path, value, paths);
            }
        }
        serde_json::Value::Array(items) => {
            if let Some(item) = items.first() {
                collect(&format!("{path}[0]"), item, paths);
            }
        }
        _ => paths.push(path.to_owned()),
    }
}

#[tokio::test]
async fn large_response_is_refused_with_advice() {
    let service = service_with_catalog(&[("V3_MAX_ANSWER_BYTES", "20KiB")]).await;

    let unlimited = get(&service, 1, "/v3/title/updates?limit=-1&remove=player,franchises").await;
    let page = get(&service, 2, "/v3/title/updates?limit=3&remove=player,franchises").await;

    assert_eq!(unlimited.status, StatusCode::PRECONDITION_FAILED);
    let message = unlimited.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("parameter `limit` selects more than 20480 bytes"), "{message}");
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn unknown_codes_cause_no_upstream_requests_with_a_catalog() {
    let upstream = Service::upstream();
    let service =
        Service::reading_from(&upstream, &[("CATALOGUE_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "3600")]);
    wait_for_catalog(&service).await;
    let known =
        get(&service, 1, "/v3/title?id=7&filter=code").await.json()["code"].as_str().unwrap().to_owned();
    let codes: Vec<_> = (0..400).map(|number| format!("no-{number}")).chain([known]).collect();
    let before = calls(&upstream).await;

    let list = get(&service, 1, &format!("/v3/title/list?filter=id&code_list={}", codes.join(","))).await;
    let one = get(&service, 1, "/v3/title?code=no-such-title").await;

    assert_eq!(list.json(), json!([{"id": 7}]));
    assert_eq!(one.status, StatusCode::NOT_FOUND);
    assert_eq!(calls(&upstream).await, before);
}

#[tokio::test]
async fn unknown_codes_cause_few_upstream_requests_without_a_catalog() {
    let upstream = Service::upstream();
    let service = Service::reading_from(&upstream, &[]);
    let names = |count: usize| (0..count).map(|number| format!("no-{number}")).collect::<Vec<_>>().join(",");
    let before = calls(&upstream).await;

    let few = get(&service, 1, &format!("/v3/title/list?filter=id&code_list={}", names(200))).await;
    let requests = calls(&upstream).await - before;
    let many = get(&service, 1, &format!("/v3/title/list?filter=id&code_list={}", names(251))).await;

    assert_eq!((few.status, few.json()), (StatusCode::OK, json!([])));
    assert!(requests <= 5, "{requests}");
    assert_eq!(many.status, StatusCode::PRECONDITION_FAILED);
    assert!(many.text.contains("`code_list` must not have more than 250 values"), "{}", many.text);
    assert_eq!(calls(&upstream).await - before, requests);
}

#[tokio::test]
async fn equal_lists_cause_no_further_upstream_requests() {
    let upstream = Service::upstream();
    let service = Service::reading_from(&upstream, &[]);
    for list in ["youtube", "feed", "franchise/list", "title/schedule", "torrent/rss"] {
        let request = async |number: usize| {
            let spelling = if list == "torrent/rss" {
                format!("since={number}")
            } else {
                format!("remove=id,zz{number}")
            };
            let response = get(&service, 1, &format!("/v3/{list}?{spelling}")).await;
            assert_eq!(response.status, StatusCode::OK, "{list}?{spelling}: {}", response.text);
        };
        request(0).await;
        let before = calls(&upstream).await;

        for number in 1..10 {
            request(number).await;
        }

        assert_eq!(calls(&upstream).await, before, "{list}");
    }
}

#[tokio::test]
async fn clients_cannot_use_up_the_upstream_budget_of_the_watcher() {
    let mut command = binary(&["--sandbox", "--port", "0"]);
    command.envs([
        ("EVENTS_ENABLED", "true"),
        // Without a local catalog, each search is a call.
        ("CATALOGUE_ENABLED", "false"),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("UPSTREAM_REQUESTS_PER_SECOND", "1"),
    ]);
    let service = Service::start(command);
    crate::socket::wait_for_watcher(&service).await;
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;
    // More requests than the burst and the rate allow within the request timeout.
    let paths: Vec<_> = (20..90).map(|number| format!("/search?q=name{number}")).collect();
    let cold = join_all(paths.iter().map(async |path| service.get(path).await.status)).await;
    assert!(cold.contains(&StatusCode::SERVICE_UNAVAILABLE), "{cold:?}");

    publish_episode(&service, 7).await;

    assert_eq!(socket.wait_for("new_episode").await["data"]["title_id"], 7);
}
