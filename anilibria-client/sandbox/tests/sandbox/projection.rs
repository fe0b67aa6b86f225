//! `include` and `exclude` of all operations that support them.

use anilibria_sandbox::Sandbox;
use serde_json::json;

use crate::ask::{get, keys, list};

#[tokio::test]
async fn projection_applies_to_each_item() {
    let sandbox = Sandbox::new();
    for (path, pointer) in [
        ("/anime/catalog/releases", "/data/0"),
        ("/anime/releases/list?ids=7", "/data/0"),
        ("/anime/genres/21/releases", "/data/0"),
        ("/anime/torrents", "/data/0"),
        ("/anime/releases/latest", "/0"),
        ("/anime/releases/random", "/0"),
        ("/anime/releases/recommended", "/0"),
        ("/anime/releases/7/members", "/0"),
        ("/anime/genres", "/0"),
        ("/anime/genres/random", "/0"),
        ("/anime/genres/21", ""),
        ("/anime/franchises", "/0"),
        ("/anime/franchises/random", "/0"),
        ("/anime/franchises/release/2", "/0"),
        ("/anime/torrents/release/7", "/0"),
        ("/app/search/releases?query=%D0%B0", "/0"),
        ("/anime/releases/7", ""),
    ] {
        let separator = if path.contains('?') { '&' } else { '?' };

        let included = get(&sandbox, &format!("{path}{separator}include=id")).await;
        let excluded = get(&sandbox, &format!("{path}{separator}exclude=id")).await;

        assert_eq!(keys(included.pointer(pointer).unwrap()), ["id"], "{path}");
        assert!(!keys(excluded.pointer(pointer).unwrap()).contains(&"id"), "{path}");
    }
}

#[tokio::test]
async fn paths_select_fields_in_nested_lists() {
    let release =
        get(&Sandbox::new(), "/anime/releases/7?include=name.main,genres.name,torrents.release.id").await;

    assert_eq!(keys(&release), ["genres", "name", "torrents"]);
    assert_eq!(keys(&release["name"]), ["main"]);
    assert!(list(&release["genres"]).iter().all(|genre| keys(genre) == ["name"]));
    assert_eq!(release["torrents"][0], json!({"release": {"id": 7}}));
}

#[tokio::test]
async fn exclude_has_precedence_over_include() {
    let release =
        get(&Sandbox::new(), "/anime/releases/7?include=id,alias,name&exclude=alias,name.main").await;

    assert_eq!(keys(&release), ["id", "name"]);
    assert_eq!(keys(&release["name"]), ["alternative", "english"]);
}

#[tokio::test]
async fn paths_of_the_schedule_begin_with_release() {
    let sandbox = Sandbox::new();

    let emptied = get(&sandbox, "/anime/schedule/week?include=id,name").await;
    let genres = get(&sandbox, "/anime/schedule/week?include=release.genres").await;

    assert!(!list(&emptied).is_empty());
    assert!(list(&emptied).iter().all(|entry| *entry == json!([])));
    assert_eq!(keys(&genres[0]), ["release"]);
    assert_eq!(keys(&genres[0]["release"]), ["genres"]);
}

#[tokio::test]
async fn object_without_fields_becomes_an_empty_list() {
    let sandbox = Sandbox::new();

    assert_eq!(get(&sandbox, "/anime/releases/7?include=nothing").await, json!([]));
    assert_eq!(get(&sandbox, "/anime/releases/7?include=name.nothing").await, json!({"name": []}));
}
