//! Tests of lists, searches, reference data and feeds.

use poem::http::Method;
use serde_json::{Value, json};

use super::{Gateway, RELEASES, encoded, ids};

fn pagination(pages: u64, page: u64, size: u64, total: u64) -> Value {
    json!({"pages": pages, "current_page": page, "items_per_page": size, "total_items": total})
}

#[tokio::test]
async fn listed_titles_keep_the_order_of_the_request() {
    let gateway = Gateway::start().await;
    let code = gateway.get("/v3/title?id=3&filter=code").await["code"].as_str().unwrap().to_owned();
    let query = format!("id_list=9,2,99999,9,&code_list={code},nothing&filter=id");

    let live = gateway.get(&format!("/v3/title/list?{query}")).await;
    let paged = gateway.get(&format!("/v3/title/list?{query}&page=2&items_per_page=2")).await;
    let python = gateway.get(&format!("/v3.0.14/title/list?{query}")).await;

    assert_eq!(ids(&live), [9, 2, 3]);
    assert_eq!(ids(&python["list"]), [9, 2, 3]);
    // The missing title is detected when it is read, after the page was selected.
    assert_eq!(python["pagination"], pagination(1, 0, 4, 4));
    assert_eq!(paged["pagination"], pagination(2, 2, 2, 4));
}

#[tokio::test]
async fn dialect_can_be_set_for_all_paths() {
    let gateway = Gateway::with(&["--catalogue-enabled=false", "--v3-dialect=live"]).await;

    assert!(gateway.get("/v3.0/title/list?id_list=1&filter=id").await.is_array());
    assert!(gateway.get("/v3.0/title/franchises?id=1").await.is_array());
}

#[tokio::test]
async fn changes_do_not_depend_on_the_catalog() {
    let (without_catalog, with_catalog) = (Gateway::start().await, Gateway::with_catalog().await);

    for path in [
        "/v3/title/changes?filter=id,last_change&limit=9",
        "/v3/title/changes?filter=id&after=20&limit=10",
        "/v3/title/changes?filter=id&page=2&items_per_page=7",
        "/v3/title/changes?filter=id&limit=-1",
        "/v3/title/updates?filter=id&page=99",
    ] {
        assert_eq!(without_catalog.get(path).await, with_catalog.get(path).await, "{path}");
    }
}

#[tokio::test]
async fn found_titles_do_not_depend_on_the_catalog() {
    let (without_catalog, with_catalog) = (Gateway::start().await, Gateway::with_catalog().await);

    for (path, is_some) in [
        ("/v3/title/updates?filter=id&limit=-1", true),
        ("/v3/title/updates?filter=id&limit=50&since=1500000000", true),
        ("/v3/title/search?type=tv,1&limit=50&filter=id", true),
        ("/v3/title/search?season_code=1,3&limit=50&filter=id", true),
        ("/v3/title/search?year=2015,2020,2024&limit=50&filter=id", true),
        ("/v3/title/search?year=1901&limit=50&filter=id", false),
        ("/v3/title/search?voice=nobody&limit=50&filter=id", false),
    ] {
        let mut found = Vec::new();
        for gateway in [&without_catalog, &with_catalog] {
            let mut titles = ids(&gateway.get(path).await["list"]);
            titles.sort_unstable();
            found.push(titles);
        }
        assert_eq!(found[0], found[1], "{path}");
        assert_eq!(!found[0].is_empty(), is_some, "{path}");
    }
}

#[tokio::test]
async fn lists_are_sorted_by_time_and_end_at_since() {
    let gateway = Gateway::with_catalog().await;

    for (path, field) in [("updates", "updated"), ("changes", "last_change")] {
        let all = gateway.get(&format!("/v3/title/{path}?limit=-1&filter=id,{field}")).await;
        let list = all["list"].as_array().unwrap();
        let times: Vec<_> = list.iter().map(|title| title[field].as_i64().unwrap()).collect();
        assert!(times.is_sorted_by(|one, next| one >= next), "{path}: {times:?}");
        assert_eq!(all["pagination"], pagination(1, 0, RELEASES.into(), RELEASES.into()));

        let since = gateway.get(&format!("/v3/title/{path}?since={}&filter=id", times[3])).await;
        assert_eq!(ids(&since["list"]), ids(&all["list"])[..3], "{path}");
    }
}

#[tokio::test]
async fn titles_of_the_catalog_cause_no_calls() {
    let gateway = Gateway::with_catalog().await;
    let calls = gateway.upstream.hits("/api/v1/anime/releases/list");

    let all = gateway.get("/v3/title/updates?limit=-1&remove=player,franchises").await;

    assert_eq!(all["list"].as_array().unwrap().len(), RELEASES as usize);
    assert_eq!(gateway.upstream.hits("/api/v1/anime/releases/list"), calls);
}

#[tokio::test]
async fn schedule_has_each_requested_day() {
    let gateway = Gateway::start().await;

    let week = gateway.get("/v3/title/schedule?filter=id,season.week_day").await;
    let days = gateway.get("/v3/title/schedule?days=5,0,&filter=id").await;

    let week = week.as_array().unwrap();
    assert_eq!(
        week.iter().map(|day| day["day"].as_u64().unwrap()).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5, 6]
    );
    for day in week {
        for title in day["list"].as_array().unwrap() {
            assert_eq!(title["season"]["week_day"], day["day"]);
        }
    }
    assert_eq!(days.as_array().unwrap().iter().map(|day| &day["day"]).collect::<Vec<_>>(), [0, 5]);
}

#[tokio::test]
async fn search_finds_by_name_people_and_genre() {
    let gateway = Gateway::with_catalog().await;
    let title = gateway.get("/v3/title?id=7").await;
    let find = async |query: String| {
        ids(&gateway.get(&format!("/v3/title/search?{query}&limit=50&filter=id")).await["list"])
    };

    assert_eq!(find(format!("search={}", encoded(title["names"]["ru"].as_str().unwrap()))).await[0], 7);
    let nickname = encoded(&title["team"]["voice"][0].as_str().unwrap().to_uppercase());
    assert!(find(format!("voice={nickname}")).await.contains(&7));
    assert!(find(format!("team={nickname}")).await.contains(&7));
    assert!(find(format!("genres={}", encoded(title["genres"][0].as_str().unwrap()))).await.contains(&7));
    assert!(find("timing=nobody".to_owned()).await.is_empty());
    assert!(find("genres=none".to_owned()).await.is_empty());
    let ascending = find("order_by=id".to_owned()).await;
    assert!(ascending.is_sorted() && ascending.len() == RELEASES as usize, "{ascending:?}");
}

#[tokio::test]
async fn advanced_search_finds_titles_that_match_the_query() {
    let gateway = Gateway::with_catalog().await;
    let find = async |query: &str, rest: &str| {
        let path = format!("/v3/title/search/advanced?query={}&limit=50&filter=id{rest}", encoded(query));
        ids(&gateway.get(&path).await["list"])
    };

    assert_eq!(find("{id}", "").await.len(), RELEASES as usize);
    assert_eq!(find("{id} <= 3", "&order_by=id&sort_direction=1").await, [3, 2, 1]);
    assert_eq!(find("{id} in (4, 5) and not empty({names.ru})", "&order_by=id").await, [4, 5]);
    assert_eq!(find("{id} == 1 or {id} == \"x\"", "").await, [1]);
    assert!(find("empty({player.list}) and {player.episodes.last} > 0", "").await.is_empty());
    let long = find("len({player.list}) >= 3 and {torrents.list[*].seeders}", "").await;
    assert!(!long.is_empty() && long.len() < RELEASES as usize, "{long:?}");
    let simple = gateway.get("/v3/title/search/advanced?simple_query=id==6&filter=id").await;
    assert_eq!(ids(&simple["list"]), [6]);
}

#[tokio::test]
async fn released_matches_finished_titles() {
    let gateway = Gateway::with_catalog().await;
    let find = async |query: &str| {
        ids(&gateway.get(&format!("/v3/title/search/advanced?{query}&limit=-1&filter=id&order_by=id")).await
            ["list"])
    };
    let in_work = find(&format!("query={}", encoded("{status.code} == 1"))).await;
    let finished = find(&format!("query={}", encoded("{status.code} == 2"))).await;

    for query in
        ["released==false", "{released}==false", "{released} != true", "released == 0", "not released"]
    {
        assert_eq!(find(&format!("query={}", encoded(query))).await, in_work, "{query}");
    }
    for query in ["released==true", "{released} == 1", "released"] {
        assert_eq!(find(&format!("query={}", encoded(query))).await, finished, "{query}");
    }
    for query in ["released==false", "{released}==false", "released!=true", "released==0"] {
        assert_eq!(find(&format!("simple_query={}", encoded(query))).await, in_work, "{query}");
    }
    assert!(!in_work.is_empty() && !finished.is_empty());
    assert_eq!(gateway.get("/v3/title?id=7&filter=id,released").await, json!({"id": 7}));
}

#[tokio::test]
async fn page_size_is_limited_to_the_maximum() {
    let gateway = Gateway::with_catalog().await;

    for query in ["items_per_page=999999", "limit=999999", "items_per_page=5001"] {
        let page = gateway.get(&format!("/v3/title/updates?filter=id&{query}")).await;
        assert_eq!(ids(&page["list"]).len(), RELEASES as usize, "{query}");
        assert_eq!(page["pagination"], pagination(1, 0, 5000, RELEASES.into()), "{query}");
    }
}

#[tokio::test]
async fn format_of_franchises_depends_on_the_dialect() {
    let gateway = Gateway::start().await;
    let all = gateway.get("/v3/franchise/list?limit=-1").await;
    let franchises = all["list"].as_array().unwrap();
    let with = franchises[0]["releases"][0]["id"].as_u64().unwrap();
    let has = |id: u64| franchises.iter().any(|one| ids(&one["releases"]).contains(&id));
    let without = (1..=u64::from(RELEASES)).find(|id| !has(*id)).unwrap();

    assert_eq!(gateway.get(&format!("/v3/title/franchises?id={with}")).await, json!([franchises[0]]));
    assert_eq!(gateway.get(&format!("/v3.0/title/franchises?id={with}")).await, franchises[0]);
    assert_eq!(gateway.get(&format!("/v3/title/franchises?id={without}")).await, json!([]));
    assert_eq!(gateway.get(&format!("/v3.0/title/franchises?id={without}")).await, json!({}));
    let parts = gateway.get("/v3/franchise/list?limit=1&filter=franchise.name").await;
    assert_eq!(parts["list"][0], json!({"franchise": {"name": franchises[0]["franchise"]["name"]}}));
}

#[tokio::test]
async fn videos_and_feed_are_newest_first() {
    let gateway = Gateway::start().await;

    let videos = gateway.get("/v3/youtube?limit=3").await;
    let feed = gateway.get("/v3/feed?limit=10&filter=id,updated,timestamp").await;

    let list = videos["list"].as_array().unwrap();
    assert_eq!(list.len(), 3);
    assert!(list.iter().all(|video| video["image"].as_str().unwrap().ends_with("/0.jpg")), "{videos}");
    let since = gateway.get(&format!("/v3/youtube?since={}", list[1]["timestamp"])).await;
    assert_eq!(since["list"], json!([list[0]]));
    let at = |item: &Value| {
        let time = item.pointer("/title/updated").or(item.pointer("/youtube/timestamp"));
        time.and_then(Value::as_i64).unwrap()
    };
    let times: Vec<_> = feed["list"].as_array().unwrap().iter().map(at).collect();
    assert!(times.len() == 10 && times.is_sorted_by(|one, next| one >= next), "{times:?}");
}

#[tokio::test]
async fn reference_data_does_not_depend_on_the_catalog() {
    let (without_catalog, with_catalog) = (Gateway::start().await, Gateway::with_catalog().await);

    let years = with_catalog.get("/v3/years").await;
    let by_name = with_catalog.get("/v3/genres").await;
    let by_count = with_catalog.get("/v3/genres?sorting_type=1").await;

    assert_eq!(without_catalog.get("/v3/years").await, years);
    assert!(years.as_array().unwrap().iter().map(Value::as_u64).is_sorted());
    assert!(by_name.as_array().unwrap().len() == by_count.as_array().unwrap().len() && by_name != by_count);
    for gateway in [&without_catalog, &with_catalog] {
        let team = gateway.get("/v3/team").await;
        for role in ["voice", "translator", "editing", "decor", "timing"] {
            assert!(team[role].as_array().unwrap().iter().all(Value::is_string), "{team}");
        }
    }
}

#[tokio::test]
async fn seed_statistics_are_an_empty_page() {
    let gateway = Gateway::start().await;

    let page = gateway.get("/v3/torrent/seed_stats?users=a,b&sort_by=user&order=1&limit=7").await;

    assert_eq!(page, json!({"list": [], "pagination": pagination(0, 0, 7, 0)}));
}

#[tokio::test]
async fn self_link_of_a_feed_is_the_requested_address() {
    let gateway = Gateway::start().await;

    for (host, path) in [
        ("anime.example", "/v3/torrent/rss"),
        ("anime.example:8000", "/v3.1/torrent/rss?limit=2&since=1"),
        ("anime.example", "/v3/getRSS?rss_type=atom&limit=2"),
        ("other.example", "/v3/torrent/rss?rss_type=json&limit=2"),
        ("anime.example", "/v3/torrent/rss?rss_type=json&limit=2"),
    ] {
        let feed = gateway.service.get(path).header("host", host).send().await;
        let feed = feed.0.into_body().into_string().await.unwrap();
        let own = format!("http://{host}{path}");

        let is_json = path.contains("json");
        let link = if is_json {
            format!("\"feed_url\":\"{own}\"")
        } else {
            format!("href=\"{}\"", own.replace('&', "&amp;"))
        };
        assert!(
            feed.contains(&link) && (is_json || feed.matches("rel=\"self\"").count() == 1),
            "{link}: {feed}"
        );
    }
}

#[tokio::test]
async fn torrent_feed_has_three_formats() {
    let gateway = Gateway::start().await;

    for (form, media_type, beginning) in [
        ("rss", "application/rss+xml; charset=utf-8", "<?xml"),
        ("atom", "application/atom+xml; charset=utf-8", "<?xml"),
        ("json", "application/feed+json; charset=utf-8", "{\"version\""),
    ] {
        let response = gateway.send(Method::GET, &format!("/v3/torrent/rss?rss_type={form}&limit=3")).await;
        response.assert_status_is_ok();
        response.assert_content_type(media_type);
        let text = response.0.into_body().into_string().await.unwrap();
        assert!(text.starts_with(beginning), "{text}");
        assert_eq!(text.matches("application/x-bittorrent").count(), 3, "{text}");
    }
}
