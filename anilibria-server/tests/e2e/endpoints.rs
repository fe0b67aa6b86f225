//! Every endpoint of API v2, with data of the sandbox.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::support::Service;

/// Fields of every title, in each list.
const FIELDS: [&str; 18] = [
    "id",
    "alias",
    "names",
    "description",
    "type",
    "status",
    "genres",
    "year",
    "season",
    "episodes",
    "poster",
    "player",
    "rating",
    "mal_id",
    "shikimori_id",
    "updated_at",
    "blocked",
    "names.ru",
];

fn check_title(title: &Value) {
    for field in FIELDS {
        let value = field.split('.').try_fold(title, |value, name| value.get(name));
        assert!(value.is_some(), "{field} is missing: {title}");
    }
    assert!(["TV", "Movie", "OVA", "ONA", "Special"].contains(&title["type"].as_str().unwrap()));
    assert!(["ongoing", "completed", "announced"].contains(&title["status"].as_str().unwrap()));
    assert!(title["updated_at"].as_str().unwrap().ends_with('Z'));
    assert!(title["poster"]["medium"].as_str().unwrap().starts_with("http://"), "{title}");
}

fn titles(body: &Value) -> &Vec<Value> {
    let titles = body["data"].as_array().unwrap();
    titles.iter().for_each(check_title);
    titles
}

fn ids(body: &Value) -> Vec<u64> {
    titles(body).iter().map(|title| title["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn every_endpoint_answers_under_both_prefixes() {
    let service = Service::sandbox(&[], &[]);

    for path in
        ["/titles", "/titles/1", "/search?q=no", "/updates", "/popular", "/random", "/schedule", "/genres"]
    {
        service.get(path).await.success();
        service.send(Method::GET, path, None).await.success();
    }
    let health = service.get("/health").await;

    assert_eq!(
        (health.status.as_u16(), health.json()["status"].as_str()),
        (200, Some("healthy")),
        "{}",
        health.text
    );
}

#[tokio::test]
async fn second_request_is_a_cache_hit() {
    let service = Service::sandbox(&[], &[]);

    let miss = service.get("/titles/7").await.success();
    let hit = service.get("/titles/7").await.success();

    assert_eq!((&miss["meta"]["cached"], &hit["meta"]["cached"]), (&false.into(), &true.into()));
    assert_eq!(hit["meta"]["cache_level"], "memory");
    assert_eq!(miss["data"], hit["data"]);
    assert_eq!(miss["meta"]["cache_expires"], hit["meta"]["cache_expires"]);
}

#[tokio::test]
async fn episodes_are_sorted_by_number_and_sources_by_quality() {
    let service = Service::sandbox(&[], &[]);

    let body = service.get("/titles/7").await.success();

    let title = &body["data"];
    check_title(title);
    let episodes = title["player"]["episodes"].as_object().unwrap();
    assert!(!episodes.is_empty());
    let numbers: Vec<_> = episodes.values().map(|episode| episode["number"].as_f64().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let whole_numbers = numbers.iter().filter(|number| number.fract() == 0.0).count();
    assert_eq!(title["episodes"]["current"], whole_numbers);
    for (key, episode) in episodes {
        assert_eq!(key, &episode["number"].to_string());
        let order = ["1080p", "720p", "480p"];
        let qualities: Vec<_> =
            episode["sources"].as_array().unwrap().iter().map(|source| &source["quality"]).collect();
        assert!(
            qualities.is_sorted_by_key(|quality| order.iter().position(|known| quality == known)),
            "{qualities:?}"
        );
    }
}

#[tokio::test]
async fn pages_cover_the_catalog_without_overlap() {
    let service = Service::sandbox(&["--releases", "130"], &[]);
    let mut seen = BTreeSet::new();

    for page in 1..=4 {
        let body = service.get(&format!("/titles?page={page}&limit=35")).await.success();
        assert_eq!(
            body["pagination"],
            serde_json::json!({"page": page, "limit": 35, "total": 130, "pages": 4})
        );
        for id in ids(&body) {
            assert!(seen.insert(id), "title {id} is on two pages");
        }
    }
    let beyond = service.get("/titles?page=5&limit=35").await.success();

    assert_eq!(seen.len(), 130);
    assert_eq!(beyond["data"], serde_json::json!([]));
}

#[tokio::test]
async fn page_of_100_titles_is_complete() {
    let service = Service::sandbox(&[], &[]);

    let body = service.get("/titles?limit=100").await.success();

    assert_eq!(ids(&body).into_iter().collect::<BTreeSet<_>>().len(), 100);
}

#[tokio::test]
async fn filters_work_alone_and_combined() {
    let service = Service::sandbox(&[], &[]);

    let year = service.get("/titles?year=2020&limit=100").await.success();
    let season = service.get("/titles?season=winter&limit=100").await.success();
    let both = service.get("/titles?year=2020&season=winter&limit=100").await.success();
    let genre = titles(&year)[0]["genres"][0].as_str().unwrap().to_uppercase();
    let genres = service.get(&format!("/titles?genres[]={genre}&limit=100")).await.success();
    let unknown = service.get("/titles?genres=нет такого жанра").await.success();

    assert!(titles(&year).iter().all(|title| title["year"] == 2020));
    assert!(titles(&season).iter().all(|title| title["season"] == "winter"));
    let expected: BTreeSet<_> = ids(&year).into_iter().filter(|id| ids(&season).contains(id)).collect();
    if season["pagination"]["total"].as_u64().unwrap() <= 100 {
        assert_eq!(ids(&both).into_iter().collect::<BTreeSet<_>>(), expected);
    }
    let has_genre = |title: &Value| {
        title["genres"].as_array().unwrap().iter().any(|g| g.as_str().unwrap().to_uppercase() == genre)
    };
    assert!(!ids(&genres).is_empty() && titles(&genres).iter().all(has_genre));
    assert_eq!(unknown["pagination"]["total"], 0);
}

#[tokio::test]
async fn status_filters_partition_the_catalog() {
    let service = Service::sandbox(&[], &[]);
    let mut total = 0;

    for status in ["ongoing", "completed", "announced"] {
        let body = service.get(&format!("/titles?status={status}&limit=100")).await.success();
        assert!(titles(&body).iter().all(|title| title["status"] == status), "{status}");
        assert!(!ids(&body).is_empty(), "{status}");
        total += body["pagination"]["total"].as_u64().unwrap();
    }

    assert_eq!(total, 300);
}

#[tokio::test]
async fn list_and_detail_agree_on_the_status() {
    let service = Service::sandbox(&[], &[]);

    for status in ["ongoing", "announced"] {
        let body = service.get(&format!("/titles?status={status}&limit=3")).await.success();
        for id in ids(&body) {
            let detail = service.get(&format!("/titles/{id}")).await.success();
            assert_eq!(detail["data"]["status"], status, "title {id}");
        }
    }
}

#[tokio::test]
async fn lists_are_sorted_in_both_directions() {
    let service = Service::sandbox(&[], &[]);

    for (sort, field) in [("year", "year"), ("updated", "updated_at")] {
        let ascending = service.get(&format!("/titles?sort={sort}&order=asc&limit=50")).await.success();
        let descending = service.get(&format!("/titles?sort={sort}&order=desc&limit=50")).await.success();

        // Announced titles have no last episode. AniLibria sorts by its time.
        let out = |title: &&Value| title["status"] != "announced";
        let keys = |body: &Value| {
            titles(body).iter().filter(out).map(|title| title[field].to_string()).collect::<Vec<_>>()
        };
        assert!(keys(&ascending).is_sorted(), "{sort} ascending: {:?}", keys(&ascending));
        assert!(keys(&descending).iter().rev().is_sorted(), "{sort} descending: {:?}", keys(&descending));
    }
}

#[tokio::test]
async fn titles_are_sorted_by_rating_in_both_directions() {
    let service = Service::sandbox(&["--releases", "40"], &[]);

    let best_first = ids(&service.get("/titles?sort=rating&limit=100").await.success());
    let best_last = ids(&service.get("/titles?sort=rating&order=asc&limit=100").await.success());
    let popular = ids(&service.get("/popular?limit=100").await.success());

    assert_eq!(best_first.first(), best_last.last());
    assert_eq!(best_first, popular);
}

#[tokio::test]
async fn search_finds_a_title_by_name_with_pages() {
    let service = Service::sandbox(&[], &[]);
    let title = service.get("/titles/7").await.success();
    let name = title["data"]["names"]["ru"].as_str().unwrap();

    let all = service.get(&format!("/search?q={name}")).await.success();
    let first = service.get(&format!("/search?q={name}&limit=1")).await.success();

    assert!(ids(&all).contains(&7));
    assert_eq!(ids(&first), ids(&all)[..1]);
    assert_eq!(first["pagination"]["total"], ids(&all).len());
}

#[tokio::test]
async fn updates_beyond_the_upstream_list_keep_the_order() {
    let service = Service::sandbox(&[], &[]);

    let near = service.get("/updates?limit=50").await.success();
    let far = service.get("/updates?limit=100").await.success();

    assert_eq!(ids(&near), ids(&far)[..50]);
    assert_eq!((&near["pagination"]["total"], &far["pagination"]["total"]), (&300.into(), &300.into()));
    let times: Vec<_> = titles(&far).iter().map(|title| title["updated_at"].as_str().unwrap()).collect();
    assert!(times.iter().rev().is_sorted());
}

#[tokio::test]
async fn random_titles_differ_and_are_complete() {
    let service = Service::sandbox(&[], &[]);
    let mut seen = BTreeSet::new();

    for _ in 0..10 {
        let body = service.get("/random").await.success();
        check_title(&body["data"]);
        assert_eq!(body["data"]["blocked"], false);
        seen.insert(body["data"]["id"].as_u64().unwrap());
    }

    assert!(seen.len() > 1);
}

#[tokio::test]
async fn schedule_has_all_or_the_selected_days() {
    let service = Service::sandbox(&[], &[]);

    let week = service.get("/schedule").await.success();
    let some = service.get("/schedule?days=5,0").await.success();

    let days = |body: &Value| {
        body["data"].as_array().unwrap().iter().map(|day| day["day"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((days(&week), days(&some)), ((0..7).collect(), vec![0, 5]));
    assert_eq!(week["data"][5], some["data"][1]);
    assert!(week["data"].as_array().unwrap().iter().any(|day| !day["list"].as_array().unwrap().is_empty()));
}

#[tokio::test]
async fn genres_are_sorted_in_russian_order() {
    let service = Service::sandbox(&[], &[]);

    let body = service.get("/genres").await.success();

    let names: Vec<_> = body["data"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(names.len() > 20);
    assert!(names.iter().map(|name| name.to_lowercase().replace('ё', "е")).is_sorted(), "{names:?}");
}

#[tokio::test]
async fn invalid_parameter_is_refused_with_its_name() {
    let service = Service::sandbox(&[], &[]);
    let long = "x".repeat(101);
    let cases = [
        ("/titles?page=0", "page"),
        ("/titles?page=-1", "page"),
        ("/titles?page=x", "page"),
        ("/titles?limit=101", "limit"),
        ("/titles?limit=0", "limit"),
        ("/titles?season=monsoon", "season"),
        ("/titles?status=lost", "status"),
        ("/titles?sort=colour", "sort"),
        ("/titles?order=up", "order"),
        ("/titles?year=never", "year"),
        ("/titles?search=x", "search"),
        ("/titles/abc", "id"),
        ("/titles/0", "id"),
        ("/titles/-7", "id"),
        ("/titles/99999999999999999999", "id"),
        ("/search", "q"),
        ("/search?q=", "q"),
        ("/search?q=я", "q"),
        (&format!("/search?q={long}"), "q"),
        ("/search?q=кот&fuzzy=perhaps", "fuzzy"),
        ("/updates?limit=101", "limit"),
        ("/popular?page=0", "page"),
        ("/schedule?days=7", "days"),
    ];

    for (path, field) in cases {
        let response = service.get(path).await;

        assert_eq!(response.error(400), "INVALID_PARAMETERS", "{path}");
        assert_eq!(response.json()["error"]["details"]["field"], field, "{path}");
        assert!(!response.json()["error"]["details"]["reason"].as_str().unwrap().is_empty(), "{path}");
    }
    assert_eq!(service.upstream_hits("/api/v1/anime/catalog/releases").await, 0);
}

#[tokio::test]
async fn errors_have_the_documented_status_and_code() {
    let service = Service::sandbox(&[], &[]);

    let unknown_title = service.get("/titles/99999").await;
    let unknown_path = service.get("/no/such/path").await;
    let wrong_method = service.send(Method::POST, "/api/anilibria/v2/titles", None).await;
    let large = service.send(Method::GET, "/api/anilibria/v2/titles", Some("x".repeat(200_000).into())).await;
    let long = service.get(&format!("/titles?x={}", "x".repeat(10_000))).await;

    assert_eq!(unknown_title.error(404), "TITLE_NOT_FOUND");
    assert_eq!(unknown_title.json()["error"]["details"]["title_id"], 99999);
    assert_eq!(unknown_path.error(404), "NOT_FOUND");
    assert_eq!(wrong_method.error(405), "METHOD_NOT_ALLOWED");
    assert!(wrong_method.header("allow").contains("GET"), "{}", wrong_method.header("allow"));
    assert_eq!(large.error(413), "PAYLOAD_TOO_LARGE");
    assert_eq!(long.error(414), "URI_TOO_LONG");
}

#[tokio::test]
async fn docs_page_is_self_contained_and_the_document_lists_the_paths() {
    let service = Service::sandbox(&[], &[]);

    let docs = service.get("/docs").await;
    let document = service.get("/openapi.json").await.json();
    let yaml = service.get("/openapi.yaml").await;

    assert!(
        docs.text.contains("swagger")
            && !docs.text.contains("src=\"http")
            && !docs.text.contains("href=\"http")
    );
    for path in [
        "/titles",
        "/titles/{id}",
        "/search",
        "/updates",
        "/popular",
        "/random",
        "/schedule",
        "/genres",
        "/health",
    ] {
        assert!(document["paths"][path]["get"].is_object(), "{path}");
    }
    assert!(yaml.text.starts_with("openapi:"), "{}", &yaml.text[..80]);
}

/// Returns the path of an operation with the example values of its parameters.
fn example_request(path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = parameter["name"].as_str().unwrap_or_default();
        let values = parameter.get("example").into_iter();
        let values = values.flat_map(|value| {
            value.as_array().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect())
        });
        for value in values {
            if parameter["in"] == "path" {
                path = path.replace(&format!("{{{name}}}"), &value);
            } else {
                query.append_pair(name, &value);
            }
        }
        assert!(parameter["required"] != true || parameter["example"] != Value::Null, "{path} {name}");
    }
    format!("{path}?{}", query.finish())
}

#[tokio::test]
async fn documented_examples_return_data() {
    let service = Service::sandbox(&[], &[("STRICT_PARAMETERS", "true")]);
    let document = service.get("/openapi.json").await.json();
    let mut requests = 0;

    for (path, item) in document["paths"].as_object().unwrap() {
        let operation = &item["get"];
        if operation.is_null() || path.starts_with("/internal/") || path == "/events" {
            continue;
        }
        let request = example_request(path, operation);
        let response = service.get(&request).await;
        assert_eq!(response.status.as_u16(), 200, "{request}: {}", response.text);
        let body = response.json();
        let data = body.get("data").unwrap_or(&body);
        let is_empty =
            data.as_array().is_some_and(Vec::is_empty) || data.as_object().is_some_and(Map::is_empty);
        assert!(!is_empty, "{request}: {body}");
        requests += 1;
    }
    assert_eq!(requests, 12);
    let events = example_request("/events", &document["paths"]["/events"]["get"]);
    let stream = reqwest::get(format!("{}{events}", service.origin)).await.unwrap();
    assert_eq!(stream.status(), 200, "{events}");
}

#[tokio::test]
async fn empty_value_is_allowed_where_documented() {
    let service = Service::sandbox(&[], &[]);
    let document = service.get("/openapi.json").await.json();
    let mut requests = 0;

    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let required = if path == "/search" && name != "q" { "&q=aa" } else { "" };
            let url = format!("{}{path}?{name}={required}", service.origin);
            // Only the status is read, because the event stream has no end.
            let status = reqwest::get(url).await.unwrap().status();

            let expected = if parameter["allowEmptyValue"] == true { 200 } else { 400 };
            assert_eq!(status.as_u16(), expected, "{path} {name}");
            requests += 1;
        }
    }
    assert!(requests > 15, "{requests}");
}

#[tokio::test]
async fn unknown_parameter_does_not_change_data_and_etag() {
    let service = Service::sandbox(&[], &[]);
    let plain = service.get("/titles?limit=3").await;

    let response = service.get("/titles?limit=3&pagee=2").await;
    let tag = response.header("etag").to_owned();
    let path = "/api/anilibria/v2/titles?limit=3&pagee=2";
    let again = service.get_with_headers(&[("if-none-match", &tag)], path).await;
    let head = service.send(Method::HEAD, path, None).await;

    assert_eq!(
        (response.header("x-unknown-parameters"), plain.header("x-unknown-parameters")),
        ("pagee", "")
    );
    assert_eq!(
        (response.json()["data"].clone(), tag.as_str()),
        (plain.json()["data"].clone(), plain.header("etag"))
    );
    assert_eq!((again.status.as_u16(), again.header("x-unknown-parameters")), (304, "pagee"));
    assert_eq!((head.status.as_u16(), head.header("x-unknown-parameters")), (200, "pagee"));
}

#[tokio::test]
async fn poster_urls_of_the_sandbox_return_images() {
    let service = Service::sandbox(&[], &[]);
    let title = service.get("/titles/7").await.success();

    for size in ["small", "medium", "large"] {
        let url = title["data"]["poster"][size].as_str().unwrap();
        let path = url.strip_prefix(&service.origin).unwrap();
        let response = service.send(Method::GET, path, None).await;
        assert!(
            response.status.is_success() && response.header("content-type").starts_with("image/"),
            "{url}"
        );
    }
}
