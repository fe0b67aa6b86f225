//! Lists and search of a service that mirrors the catalog.

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

/// Starts the service beside its sandbox and waits until it has mirrored it.
async fn mirrored(arguments: &[&str]) -> Service {
    let service =
        Service::sandbox(arguments, &[("CATALOGUE_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
    until(|| async { is_mirrored(&service).await }).await;
    service
}

/// Starts a service that reads from `upstream` and keeps its catalog in `directory`.
fn reading_from(upstream: &Service, directory: &Path) -> Service {
    let mut command = binary(&["--port", "0", "--upstream-timeout", "1", "--upstream-attempt-timeout", "1"]);
    command
        .env("CATALOGUE_ENABLED", "true")
        .env("CACHE_DIR", directory)
        .env("ANILIBRIA_API_URL", format!("{}/api/v1", upstream.origin));
    Service::start(command)
}

async fn is_mirrored(service: &Service) -> bool {
    service.get("/health").await.json()["checks"]["catalogue"]["status"] == "healthy"
}

/// Asks again and again until `is_so`, for half a minute.
async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < deadline, "it never came to be so");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn stop(mut service: Service) {
    // The shell has its own `kill`; a program of that name is not everywhere.
    let told = Command::new("sh").args(["-c", &format!("kill -TERM {}", service.id())]).status().unwrap();
    assert!(told.success() && service.wait().success());
}

fn ids(body: &Value) -> Vec<u32> {
    let titles = body["data"].as_array().unwrap();
    titles.iter().map(|title| title["id"].as_u64().unwrap().try_into().unwrap()).collect()
}

/// Every release of the service's sandbox, as it tells itself.
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

/// How two releases stand to each other, the smaller first.
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
async fn every_filter_and_order_selects_what_a_plain_model_does() {
    let service = mirrored(&["--releases", "120"]).await;
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
                let body = service.get(&path).await.good();

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
async fn misspelt_name_is_found_when_that_is_asked_for() {
    let service = mirrored(&["--releases", "120"]).await;
    let title = service.get("/titles/7").await.good();
    let name = title["data"]["names"]["ru"].as_str().unwrap();
    let misspelt: String =
        name.chars().enumerate().filter(|(place, _)| *place != 2).map(|(_, letter)| letter).collect();

    let exact = service.get(&format!("/search?q={name}")).await.good();
    let plain = service.get(&format!("/search?q={misspelt}")).await.good();
    let fuzzy = service.get(&format!("/search?q={misspelt}&fuzzy=true")).await.good();

    assert_eq!(exact["data"][0]["names"]["ru"], name);
    assert!(!ids(&plain).contains(&7), "{name}");
    assert!(ids(&fuzzy).contains(&7), "{name}");
}

#[tokio::test]
async fn most_liked_title_is_the_most_popular() {
    let service = mirrored(&["--releases", "60"]).await;
    let mut releases = releases(&service).await;
    releases.sort_by_key(|release| {
        (std::cmp::Reverse(release.added_in_users_favorites), std::cmp::Reverse(release.id))
    });

    let popular = service.get("/popular?limit=100").await.good();

    assert_eq!(ids(&popular), releases.iter().map(|release| release.id.get()).collect::<Vec<_>>());
}

#[tokio::test]
async fn new_episode_leads_the_updates_after_the_next_look() {
    let service = mirrored(&["--releases", "60"]).await;
    let before = service.get("/updates?limit=60").await.good();
    let titles = before["data"].as_array().unwrap();
    let ongoing = titles.iter().rfind(|title| title["status"] == "ongoing").unwrap();
    let id = ongoing["id"].as_u64().unwrap();
    let episodes = |title: &Value| title["data"]["episodes"]["current"].as_u64().unwrap();
    let known = episodes(&service.get(&format!("/titles/{id}")).await.good());

    let published = service.send(Method::POST, "/sandbox/episodes", Some(json!({"release_id": id}))).await;

    assert!(published.status.is_success(), "{}", published.text);
    until(|| async { service.get("/updates?limit=60").await.good()["data"][0]["id"] == id }).await;
    assert_eq!(episodes(&service.get(&format!("/titles/{id}")).await.good()), known + 1);
}

#[tokio::test]
async fn lists_come_from_the_upstream_when_nothing_is_mirrored() {
    let service = Service::sandbox(&["--releases", "60"], &[("CATALOGUE_ENABLED", "false")]);

    let list = service.get("/titles").await.good();

    assert_eq!(list["pagination"]["total"], 60);
    assert_eq!(service.upstream_hits("/api/v1/anime/catalog/releases").await, 1);
    assert_eq!(service.get("/health").await.json()["checks"]["catalogue"]["status"], "not_configured");
}

#[tokio::test]
async fn mirrored_list_costs_the_upstream_nothing() {
    let service = mirrored(&["--releases", "60"]).await;
    let before = service.upstream_hits("/api/v1/anime/catalog/releases").await;

    for path in
        ["/titles", "/titles?sort=rating&status=ongoing", "/search?q=ан", "/updates", "/popular", "/genres"]
    {
        service.get(path).await.good();
    }

    assert_eq!(service.upstream_hits("/api/v1/anime/catalog/releases").await, before);
    assert_eq!(service.upstream_hits("/api/v1/app/search/releases").await, 0);
    assert_eq!(service.upstream_hits("/api/v1/anime/catalog/references/genres").await, 0);
}

#[tokio::test]
async fn restarted_service_answers_from_the_saved_catalog_while_the_upstream_is_down() {
    let upstream = Service::start(binary(&["sandbox", "--port", "0", "--releases", "60"]));
    let directory = tempfile::tempdir().unwrap();
    let first = reading_from(&upstream, directory.path());
    until(|| async { is_mirrored(&first).await }).await;
    stop(first);
    upstream.faults(json!({"drop": true})).await;

    let second = reading_from(&upstream, directory.path());

    let list = second.get("/titles?limit=37").await.good();
    assert_eq!((ids(&list).len(), &list["pagination"]["total"]), (37, &json!(60)));
    for path in ["/updates", "/popular", "/genres", "/search?q=ан&fuzzy=true"] {
        assert!(!second.get(path).await.good()["data"].as_array().unwrap().is_empty(), "{path}");
    }
    let ready = second.send(Method::GET, "/ready", None).await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    let title = second.get(&format!("/titles/{}", ids(&list)[0])).await.good();
    assert_eq!(title["meta"]["stale"], true);
    second.get("/random").await.good();
}
