//! Response format of each operation: envelope or list, and the fields of each record.

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::ask::{all, ask, column, get, keys, list};

const RELEASE: [&str; 30] = [
    "added_in_abandoned_collection",
    "added_in_planned_collection",
    "added_in_postponed_collection",
    "added_in_users_favorites",
    "added_in_watched_collection",
    "added_in_watching_collection",
    "age_rating",
    "alias",
    "average_duration_of_episode",
    "created_at",
    "description",
    "episodes_total",
    "external_player",
    "fresh_at",
    "id",
    "is_blocked_by_copyrights",
    "is_blocked_by_geo",
    "is_in_production",
    "is_ongoing",
    "mal",
    "name",
    "notification",
    "poster",
    "publish_day",
    "rating",
    "season",
    "shikimori",
    "type",
    "updated_at",
    "year",
];

const EPISODE: [&str; 16] = [
    "duration",
    "ending",
    "hls_1080",
    "hls_480",
    "hls_720",
    "id",
    "name",
    "name_english",
    "opening",
    "ordinal",
    "preview",
    "release_id",
    "rutube_id",
    "sort_order",
    "updated_at",
    "youtube_id",
];

const TORRENT: [&str; 20] = [
    "bitrate",
    "codec",
    "color",
    "completed_times",
    "created_at",
    "description",
    "filename",
    "hash",
    "id",
    "is_hardsub",
    "label",
    "leechers",
    "magnet",
    "quality",
    "release",
    "seeders",
    "size",
    "sort_order",
    "type",
    "updated_at",
];

/// Asserts that `value` has exactly the fields `base` and `more`.
fn assert_fields(value: &Value, base: &[&str], more: &[&str]) {
    let mut expected: Vec<_> = base.iter().chain(more).copied().collect();
    expected.sort_unstable();
    assert_eq!(keys(value), expected);
}

#[tokio::test]
async fn each_view_of_a_release_has_its_own_fields() {
    let sandbox = Sandbox::new();
    let genre = "/anime/genres/21/releases";
    let views: [(&str, &str, &[&str]); 9] = [
        ("/anime/releases/latest", "/0", &["genres", "latest_episode"]),
        ("/anime/catalog/releases", "/data/0", &["genres"]),
        ("/anime/releases/random", "/0", &[]),
        ("/anime/releases/recommended", "/0", &[]),
        ("/app/search/releases?query=%D0%B0", "/0", &[]),
        (genre, "/data/0", &[]),
        ("/anime/schedule/week", "/0/release", &["genres"]),
        (
            "/anime/releases/7",
            "",
            &["genres", "episodes", "torrents", "members", "sponsors", "background_covers"],
        ),
        ("/anime/torrents", "/data/0/release", &[]),
    ];
    for (path, pointer, more) in views {
        let response = get(&sandbox, path).await;

        assert_fields(response.pointer(pointer).unwrap(), &RELEASE, more);
    }
}

#[tokio::test]
async fn fields_of_a_release_have_the_types_of_the_live_service() {
    let release = get(&Sandbox::new(), "/anime/releases/7").await;

    assert_eq!(keys(&release["name"]), ["alternative", "english", "main"]);
    assert_eq!(keys(&release["poster"]), ["optimized", "preview", "src", "thumbnail"]);
    assert_eq!(keys(&release["poster"]["optimized"]), ["preview", "src", "thumbnail"]);
    assert_eq!(release["poster"]["src"], release["poster"]["preview"]);
    assert!(release["poster"]["src"].as_str().unwrap().starts_with("/storage/releases/posters/7/"));
    let (_, extension) =
        release["poster"]["optimized"]["thumbnail"].as_str().unwrap().rsplit_once('.').unwrap();
    assert_eq!(extension, "webp");
    assert_eq!(keys(&release["age_rating"]), ["description", "is_adult", "label", "value"]);
    assert_eq!(keys(&release["rating"]), ["average", "distribution", "votes"]);
    assert_eq!(release["rating"]["distribution"].as_object().unwrap().len(), 10);
    assert_eq!(keys(&release["mal"]), ["id", "rating", "url", "votes"]);
    for field in ["type", "season", "publish_day"] {
        assert_eq!(keys(&release[field]), ["description", "value"]);
    }
    let updated_at = release["updated_at"].as_str().unwrap();
    assert_eq!((updated_at.len(), &updated_at[10..11], &updated_at[19..]), (25, "T", "+00:00"));
}

#[tokio::test]
async fn episodes_and_torrents_have_all_fields() {
    let sandbox = Sandbox::new();
    let release = get(&sandbox, "/anime/releases/7").await;
    let episode = &release["episodes"][0];

    assert_fields(episode, &EPISODE, &[]);
    assert_fields(&release["torrents"][0], &TORRENT, &[]);
    assert_fields(&release["torrents"][0]["release"], &RELEASE, &[]);
    let path = format!("/anime/releases/episodes/{}", episode["id"].as_str().unwrap());
    let alone = get(&sandbox, &path).await;
    assert_fields(&alone, &EPISODE, &["release"]);
    assert_fields(&alone["release"], &RELEASE, &["episodes"]);
    let torrents = get(&sandbox, "/anime/torrents").await;
    assert_fields(&torrents["data"][0], &TORRENT, &["torrent_members"]);
}

#[tokio::test]
async fn only_paged_lists_have_an_envelope() {
    let sandbox = Sandbox::new();
    for path in [
        "/anime/catalog/releases",
        "/anime/releases/list?ids=1",
        "/anime/genres/21/releases",
        "/anime/torrents",
    ] {
        let response = get(&sandbox, path).await;
        assert_eq!(keys(&response), ["data", "meta"], "{path}");
        assert!(!list(&response["data"]).is_empty(), "{path}");
    }
    for path in [
        "/anime/releases/latest",
        "/anime/releases/random",
        "/anime/releases/recommended",
        "/anime/releases/7/members",
        "/anime/genres",
        "/anime/genres/random",
        "/anime/franchises",
        "/anime/franchises/random",
        "/anime/franchises/release/2",
        "/anime/schedule/week",
        "/anime/torrents/release/7",
        "/app/search/releases?query=%D0%B0",
    ] {
        assert!(!list(&get(&sandbox, path).await).is_empty(), "{path}");
    }
}

#[tokio::test]
async fn references_contain_the_values_of_filters() {
    let sandbox = Sandbox::new();
    let fields = [
        ("age-ratings", vec!["description", "label", "value"]),
        ("genres", vec!["id", "name"]),
        ("production-statuses", vec!["description", "value"]),
        ("publish-statuses", vec!["description", "value"]),
        ("seasons", vec!["description", "value"]),
        ("sorting", vec!["description", "label", "value"]),
        ("types", vec!["description", "value"]),
    ];
    for (name, expected) in fields {
        let response = get(&sandbox, &format!("/anime/catalog/references/{name}")).await;
        assert_eq!(keys(&response[0]), expected, "{name}");
    }
    let years = get(&sandbox, "/anime/catalog/references/years").await;
    assert_eq!((years[0].clone(), list(&years).last()), (json!(2010), Some(&json!(2026))));
    let types = get(&sandbox, "/anime/catalog/references/types").await;
    assert!(list(&types).contains(&json!({"value": "ONA", "description": "\u{41e}NA"})));
}

#[tokio::test]
async fn fields_are_null_where_the_live_service_has_null() {
    let sandbox = Sandbox::new();
    let releases = all(&sandbox, "/anime/catalog/releases?limit=50").await;

    for pointer in [
        "/created_at",
        "/fresh_at",
        "/episodes_total",
        "/average_duration_of_episode",
        "/notification",
        "/external_player",
        "/name/alternative",
        "/rating/average",
        "/season/value",
        "/season/description",
    ] {
        let nulls = column(&releases, pointer).iter().filter(|value| value.is_null()).count();
        assert!((1..releases.len()).contains(&nulls), "{pointer}: {nulls}");
    }
    for pointer in
        ["/id", "/alias", "/updated_at", "/year", "/type/value", "/publish_day/value", "/description"]
    {
        assert!(!column(&releases, pointer).contains(&&Value::Null), "{pointer}");
    }
}

#[tokio::test]
async fn episodes_vary_like_those_of_the_live_service() {
    let ids: Vec<_> = (1..=50).map(|id| id.to_string()).collect();
    let response =
        get(&Sandbox::new(), &format!("/anime/releases/list?limit=50&ids={}", ids.join(","))).await;
    let releases = list(&response["data"]);
    let episodes: Vec<_> = releases.iter().flat_map(|release| list(&release["episodes"])).cloned().collect();

    let has = |test: &dyn Fn(&Value) -> bool| episodes.iter().any(test);
    assert!(has(&|episode| episode["ordinal"].is_f64()));
    assert!(has(&|episode| episode["name"].is_null()));
    assert!(has(&|episode| episode["hls_1080"].is_null() && episode["hls_720"].is_string()));
    assert!(has(&|episode| episode["opening"] == json!({"start": null, "stop": null})));
    assert!(has(&|episode| episode["opening"]["start"].is_u64() && episode["ending"]["stop"].is_u64()));
    let torrents: Vec<_> = releases.iter().flat_map(|release| list(&release["torrents"])).collect();
    assert!(torrents.iter().any(|torrent| torrent["size"].as_u64() > Some(u64::from(u32::MAX))));
    assert!(torrents.iter().any(|torrent| torrent["bitrate"].is_null()));
    assert!(torrents.iter().any(|torrent| torrent["codec"]["label_color"].is_null()));
    let members: Vec<_> = releases.iter().flat_map(|release| list(&release["members"])).collect();
    assert!(members.iter().any(|member| member["user"].is_null()));
    assert!(members.iter().any(|member| member["user"].is_object()));
    assert!(releases.iter().any(|release| release["description"].as_str().unwrap().contains("\r\n")));
}

#[tokio::test]
async fn texts_are_escaped_like_by_laravel() {
    let response = ask(&Sandbox::new(), "/anime/releases/7?include=poster.src,name.main").await;

    let text = std::str::from_utf8(&response.body).unwrap();
    assert!(text.is_ascii());
    assert!(text.contains(r#""src":"\/storage\/releases"#));
    assert_eq!(response.headers["content-type"], "application/json");
}

#[tokio::test]
async fn status_contains_the_requested_origin() {
    let status = get(&Sandbox::new(), "/app/status").await;

    assert_eq!(status["is_alive"], true);
    assert_eq!(status["available_api_endpoints"], json!(["http://stand-in.test"]));
    assert_eq!(keys(&status["request"]), ["country", "ip", "iso_code", "timezone"]);
}
