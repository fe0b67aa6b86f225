//! `/app/search/releases`.

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::ask::{ask, get, ids, list};

async fn search(sandbox: &Sandbox, query: &str) -> Value {
    let query: String = byte_serialize(query.as_bytes()).collect();
    get(sandbox, &format!("/app/search/releases?query={query}")).await
}

#[tokio::test]
async fn search_by_any_name_returns_the_release_first() {
    let sandbox = Sandbox::new();
    for id in [2_u64, 10, 77, 180, 300] {
        let release = get(&sandbox, &format!("/anime/releases/{id}")).await;
        for name in ["main", "english", "alternative"] {
            let Some(name) = release["name"][name].as_str() else {
                continue;
            };
            let loud = name.to_uppercase().replace('Ё', "Е");

            for query in [name, &loud] {
                assert_eq!(ids(&search(&sandbox, query).await).first(), Some(&id), "{query}");
            }
        }
    }
}

#[tokio::test]
async fn exact_matches_come_before_prefixes_and_prefixes_before_substrings() {
    let sandbox = Sandbox::new();
    let rank = |release: &Value, query: &str| {
        let ranks = ["main", "english", "alternative"].map(|name| {
            let name = release["name"][name].as_str().unwrap_or_default().to_lowercase().replace('ё', "е");
            match name.find(query) {
                Some(0) if name == query => 0,
                Some(0) => 1,
                Some(_) if name.contains(&format!(" {query}")) => 2,
                Some(_) => 3,
                None => 4,
            }
        });
        ranks.into_iter().min().unwrap()
    };
    for query in ["песня", "no", "ova", "р"] {
        let found = search(&sandbox, query).await;

        let ranks: Vec<_> = list(&found).iter().map(|release| rank(release, query)).collect();
        assert!(!ranks.is_empty() && ranks.is_sorted() && !ranks.contains(&4), "{query}: {ranks:?}");
    }
}

#[tokio::test]
async fn search_returns_at_most_twenty_releases_or_an_empty_list() {
    let sandbox = Sandbox::new();

    assert_eq!(list(&search(&sandbox, "а").await).len(), 20);
    assert_eq!(search(&sandbox, "такого названия нет").await, json!([]));
}

#[tokio::test]
async fn search_without_a_query_is_rejected() {
    let sandbox = Sandbox::new();
    for path in ["/app/search/releases", "/app/search/releases?query=", "/app/search/releases?search=x"] {
        let response = ask(&sandbox, path).await;

        assert_eq!(response.status.as_u16(), 422, "{path}");
        assert_eq!(response.json()["errors"]["query"], json!(["The query field is required."]));
    }
}
