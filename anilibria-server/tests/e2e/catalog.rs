//! Lists and search from the local catalog.

use std::{
    cmp::Ordering,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anilibria_client::{
    Client,
    model::{Release, ReleaseStatus},
};
use anilibria_server::titles::mapping;
use futures::TryStreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Service, binary};

/// Starts the service with a sandbox and waits until its local catalog is loaded.
async fn loaded_service(arguments: &[&str]) -> Service {
    let service =
        Service::sandbox(arguments, &[("CATALOGUE_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
    until(|| async { is_loaded(&service).await }).await;
    service
}

/// Starts a service that reads from `upstream` and stores its catalog in `directory`.
fn reading_from(upstream: &Service, directory: &Path) -> Service {
    let mut command = binary(&["--port", "0", "--upstream-timeout", "1", "--upstream-attempt-timeout", "1"]);
    command
        .env("CATALOGUE_ENABLED", "true")
        .env("CACHE_DIR", directory)
        .env("ANILIBRIA_API_URL", format!("{}/api/v1", upstream.origin));
    Service::start(command)
}

async fn is_loaded(service: &Service) -> bool {
    service.get("/health").await.json()["checks"]["catalogue"]["status"] == "healthy"
}

/// Waits until `condition` is true, for at most 30 seconds.
async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(Instant::now() < deadline, "the condition was not met within 30 seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn stop(mut service: Service) {
    // `kill` is built into the shell, but not every system has it as a program.
    let signal = Command::new("sh").args(["-c", &format!("kill -TERM {}", service.id())]).status().unwrap();
    assert!(signal.success() && service.wait().success());
}

fn ids(body: &Value) -> Vec<u32> {
    let titles = body["data"].as_array().unwrap();
    titles.iter().map(|title| title["id"].as_u64().unwrap().try_into().unwrap()).collect()
}

/// Returns all releases of the sandbox.
async fn releases(service: &Service) -> Vec<Release> {
    let client = Client::builder().mirror(format!("{}/sandbox/api/v1", service.origin)).build().unwrap();
    client.catalog().releases().limit(50).items().try_collect().await.unwrap()
}

fn status(release: &Release) -> &'static str {
    match release.status() {
        ReleaseStatus::Announced => "announced",
        ReleaseStatus::Completed => "completed",
        ReleaseStatus::Ongoing => "ongoing",
    }
}

/// Compares two releases by the key `sort`.
fn compare(sort: &str, one: &Release, two: &Release) -> Ordering {
    let rating = |release: &Release| release.rating.as_ref().and_then(|rating| rating.average);
    match sort {
        "id" => one.id.cmp(&two.id),
        "year" => one.year.cmp(&two.year),
        "rating" => rating(one).partial_cmp(&rating(two)).unwrap(),
        _ => mapping::updated_at(one).cmp(&mapping::updated_at(two)),
    }
}

#[tokio::test]
async fn filters_and_orders_agree_with_a_reference_implementation() {
    let service = loaded_service(&["--releases", "120"]).await;
    let releases = releases(&service).await;
    let example = releases.iter().find(|release| release.season.is_some()).unwrap();
    let (year, season) = (example.year.unwrap(), example.season.clone().unwrap());
    let genre = example.genres.as_ref().unwrap()[0].name.clone();
    let has_genre = |release: &Release| release.genres.iter().flatten().any(|other| other.name == genre);
    let wanted = |filter: usize, release: &Release| {
        (filter < 1 || release.season.as_ref() == Some(&season))
            && (filter < 2 || has_genre(release))
            && (filter < 3 || release.year == Some(year))
    };
    let season = season.as_str();
    let filters = [
        String::new(),
        format!("&season={season}"),
        format!("&season={season}&genres={genre}"),
        format!("&season={season}&genres={genre}&year={year}"),
    ];

    for (number, filter) in filters.iter().enumerate() {
        for wanted_status in ["", "ongoing", "completed", "announced"] {
            for (sort, order) in
                ["id", "year", "rating", "updated"].iter().flat_map(|sort| [(sort, "asc"), (sort, "desc")])
            {
                let state = if wanted_status.is_empty() { "" } else { "&status=" };
                let path =
                    format!("/titles?limit=100&sort={sort}&order={order}{filter}{state}{wanted_status}");
                let body = service.get(&path).await.success();

                let mut expected: Vec<_> = releases
                    .iter()
                    .filter(|release| wanted(number, release))
                    .filter(|release| wanted_status.is_empty() || status(release) == wanted_status)
                    .collect();
                expected.sort_by(|one, two| {
                    let ascending = compare(sort, one, two);
                    let directed = if order == "asc" { ascending } else { ascending.reverse() };
                    directed.then(two.id.cmp(&one.id))
                });
                let expected: Vec<_> = expected.iter().map(|release| release.id.get()).collect();
                assert_eq!(body["pagination"]["total"], expected.len(), "{path}");
                assert_eq!(ids(&body), expected[..expected.len().min(100)], "{path}");
            }
        }
    }
}

#[tokio::test]
async fn misspelt_name_is_found_with_fuzzy_search() {
    let service = loaded_service(&["--releases", "120"]).await;
    let title = service.get("/titles/7").await.success();
    let name = title["data"]["names"]["ru"].as_str().unwrap();
    let misspelt: String =
        name.chars().enumerate().filter(|(place, _)| *place != 2).map(|(_, letter)| letter).collect();

    let exact = service.get(&format!("/search?q={name}")).await.success();
    let plain = service.get(&format!("/search?q={misspelt}")).await.success();
    let fuzzy = service.get(&format!("/search?q={misspelt}&fuzzy=true")).await.success();

    assert_eq!(exact["data"][0]["names"]["ru"], name);
    assert!(!ids(&plain).contains(&7), "{name}");
    assert!(ids(&fuzzy).contains(&7), "{name}");
}

#[tokio::test]
async fn popular_titles_are_sorted_by_favorites() {
    let service = loaded_service(&["--releases", "60"]).await;
    let mut releases = releases(&service).await;
    releases.sort_by_key(|release| {
        (std::cmp::Reverse(release.added_in_users_favorites), std::cmp::Reverse(release.id))
    });

    let popular = service.get("/popular?limit=100").await.success();

    assert_eq!(ids(&popular), releases.iter().map(|release| release.id.get()).collect::<Vec<_>>());
}

#[tokio::test]
async fn new_episode_leads_the_updates_after_the_next_poll() {
    let service = loaded_service(&["--releases", "60"]).await;
    let before = service.get("/updates?limit=60").await.success();
    let titles = before["data"].as_array().unwrap();
    let ongoing = titles.iter().rfind(|title| title["status"] == "ongoing").unwrap();
    let id = ongoing["id"].as_u64().unwrap();
    let episodes = |title: &Value| title["data"]["episodes"]["current"].as_u64().unwrap();
    let known = episodes(&service.get(&format!("/titles/{id}")).await.success());

    let published = service.send(Method::POST, "/sandbox/episodes", Some(json!({"release_id": id}))).await;

    assert!(published.status.is_success(), "{}", published.text);
    until(|| async { service.get("/updates?limit=60").await.success()["data"][0]["id"] == id }).await;
    assert_eq!(episodes(&service.get(&format!("/titles/{id}")).await.success()), known + 1);
}

#[tokio::test]
async fn lists_are_read_from_the_upstream_without_a_local_catalog() {
    let service = Service::sandbox(&["--releases", "60"], &[("CATALOGUE_ENABLED", "false")]);

    let list = service.get("/titles").await.success();

    assert_eq!(list["pagination"]["total"], 60);
    assert_eq!(service.upstream_hits("/api/v1/anime/catalog/releases").await, 1);
    assert_eq!(service.get("/health").await.json()["checks"]["catalogue"]["status"], "not_configured");
}

#[tokio::test]
async fn lists_from_the_local_catalog_cause_no_upstream_request() {
    let service = loaded_service(&["--releases", "60"]).await;
    let before = service.upstream_hits("/api/v1/anime/catalog/releases").await;

    for path in
        ["/titles", "/titles?sort=rating&status=ongoing", "/search?q=ан", "/updates", "/popular", "/genres"]
    {
        service.get(path).await.success();
    }

    assert_eq!(service.upstream_hits("/api/v1/anime/catalog/releases").await, before);
    assert_eq!(service.upstream_hits("/api/v1/app/search/releases").await, 0);
    assert_eq!(service.upstream_hits("/api/v1/anime/catalog/references/genres").await, 0);
}

#[tokio::test]
async fn restarted_service_uses_the_saved_catalog_without_upstream() {
    let upstream = Service::start(binary(&["sandbox", "--port", "0", "--releases", "60"]));
    let directory = tempfile::tempdir().unwrap();
    let first = reading_from(&upstream, directory.path());
    until(|| async { is_loaded(&first).await }).await;
    stop(first);
    upstream.faults(json!({"drop": true})).await;

    let second = reading_from(&upstream, directory.path());

    let list = second.get("/titles?limit=37").await.success();
    assert_eq!((ids(&list).len(), &list["pagination"]["total"]), (37, &json!(60)));
    for path in ["/updates", "/popular", "/genres", "/search?q=ан&fuzzy=true"] {
        assert!(!second.get(path).await.success()["data"].as_array().unwrap().is_empty(), "{path}");
    }
    let ready = second.send(Method::GET, "/ready", None).await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    let title = second.get(&format!("/titles/{}", ids(&list)[0])).await.success();
    assert_eq!(title["meta"]["stale"], true);
    second.get("/random").await.success();
}
