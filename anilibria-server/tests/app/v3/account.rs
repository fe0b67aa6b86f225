//! Tests of login, logout and favourites.

use poem::{
    http::{Method, StatusCode},
    test::TestResponse,
};
use serde_json::{Value, json};

use super::{Gateway, ids};
use crate::support;

impl Gateway {
    async fn post(&self, path: &str, form: &[(&str, &str)], agent: &str) -> TestResponse {
        let request = self.service.post(path).header("user-agent", agent);
        request.form(&form.iter().copied().collect::<std::collections::HashMap<_, _>>()).send().await
    }

    /// Logs in with the account of the sandbox and returns the session.
    async fn log_in(&self) -> String {
        let response = self.post("/public/login.php", &[("mail", "demo"), ("passwd", "demo")], "test").await;
        support::json(response).await["sessionId"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn login_returns_a_session_and_sets_an_http_only_cookie() {
    let gateway = Gateway::start().await;
    let form = [("mail", "demo"), ("passwd", "demo")];

    let response = gateway.post("/public/login.php", &form, "okhttp/4.9").await;
    let to_python = gateway.post("/public/login.php", &form, "Python/3.11 aiohttp/3.8.6").await;

    response.assert_status_is_ok();
    response.assert_content_type("application/json; charset=utf-8");
    response.assert_header("cache-control", "no-store");
    let cookie = response.0.header("set-cookie").unwrap().to_owned();
    let body = support::json(response).await;
    let session = body["sessionId"].as_str().unwrap();
    assert_eq!((&body["err"], &body["key"]), (&json!("ok"), &json!("success")));
    assert!(session.len() == 32 && session.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{session}");
    let attributes = "Path=/; Max-Age=5184000; HttpOnly; Secure; SameSite=Lax";
    assert_eq!(cookie, format!("PHPSESSID={session}; {attributes}"));
    assert_eq!(support::json(to_python).await["err"], "");
}

#[tokio::test]
async fn failed_login_is_sent_with_status_200_and_a_reason() {
    let gateway = Gateway::start().await;

    for (form, key) in [
        (&[("mail", "demo"), ("passwd", "wrong")][..], "wrongPasswd"),
        (&[("mail", "demo")], "empty"),
        (&[("mail", " "), ("passwd", "x")], "empty"),
        (&[], "empty"),
    ] {
        let response = gateway.post("/public/login.php", form, "test").await;
        response.assert_status_is_ok();
        let body = support::json(response).await;
        assert_eq!((&body["err"], &body["key"]), (&json!("error"), &json!(key)), "{body}");
        assert!(body["mes"].is_string() && body.get("sessionId").is_none(), "{body}");
    }
    gateway.take_upstream_down();
    let response = gateway.post("/public/login.php", &[("mail", "demo"), ("passwd", "demo")], "test").await;
    response.assert_status(StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(support::json(response).await["err"], "error");
}

#[tokio::test]
async fn session_is_read_from_the_parameter_or_the_cookie() {
    let gateway = Gateway::start().await;
    let session = gateway.log_in().await;

    let user = gateway.get(&format!("/v3/user?session={session}")).await;
    let by_cookie = gateway.service.get("/v3.0/user?filter=login,vk_id");
    let by_cookie = by_cookie.header("cookie", format!("a=b; PHPSESSID={session}")).send().await;

    assert_eq!((&user["login"], &user["vk_id"]), (&json!("demo"), &Value::Null));
    assert!(user["avatar_original"].as_str().unwrap().starts_with('/'), "{user}");
    by_cookie.assert_header("cache-control", "no-store");
    assert_eq!(support::json(by_cookie).await, json!({"login": "demo", "vk_id": null}));
}

#[tokio::test]
async fn favourites_are_added_listed_and_removed_at_both_spellings() {
    let gateway = Gateway::start().await;
    let session = gateway.log_in().await;
    let ways = ["favorites", "favourites", "favorites/add", "favourites/add", "favorites", "favorites"];

    for (id, way) in (1..).zip(ways) {
        let path = format!("/v3.0/user/{way}?session={session}&title_id={id}");
        assert_eq!(gateway.request(Method::PUT, &path).await, json!({"success": true}), "{way}");
    }
    let live = gateway.get(&format!("/v3/user/favorites?session={session}&filter=id")).await;
    let python = gateway.get(&format!("/v3.0/user/favourites?session={session}&filter=id")).await;
    let page = gateway.get(&format!("/v3/user/favorites?session={session}&filter=id&limit=4&page=2")).await;
    for (id, way) in (1..).zip(["favorites", "favourites", "favorites/remove", "favourites/remove"]) {
        let path = format!("/v3.0/user/{way}?session={session}&title_id={id}");
        assert_eq!(gateway.request(Method::DELETE, &path).await, json!({"success": true}), "{way}");
    }
    let left = gateway.get(&format!("/v3/user/favorites?session={session}&filter=id")).await;

    assert_eq!(live["pagination"]["total_items"], 6);
    assert_eq!((ids(&live["list"]).len(), ids(&python["list"]).len(), ids(&page["list"]).len()), (5, 6, 2));
    let mut left = ids(&left["list"]);
    left.sort_unstable();
    assert_eq!(left, [5, 6]);
}

#[tokio::test]
async fn session_ends_on_logout_and_when_anilibria_refuses_its_token() {
    let gateway = Gateway::start().await;
    let (one, other) = (gateway.log_in().await, gateway.log_in().await);
    let user = async |session: &str| {
        gateway.send(Method::GET, &format!("/v3/user?session={session}")).await.0.status().as_u16()
    };
    assert_eq!((user(&one).await, user(&other).await), (200, 200));

    let response = gateway.post("/public/logout.php", &[("session", &one)], "test").await;
    assert!(response.0.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(support::json(response).await["key"], "success");
    assert_eq!((user(&one).await, user(&other).await), (401, 200));

    gateway.upstream.reset();
    assert_eq!(user(&other).await, 401);
}

#[tokio::test]
async fn torrent_links_in_a_session_are_personal() {
    let gateway = Gateway::start().await;
    let session = gateway.log_in().await;

    let file =
        gateway.send(Method::GET, &format!("/public/torrent/download.php?id=7&session={session}")).await;
    let feed = gateway.send(Method::GET, &format!("/v3/torrent/rss?session={session}&limit=1")).await;
    let public = gateway.send(Method::GET, "/v3/torrent/rss?limit=1").await;

    assert!(file.0.header("location").unwrap().contains("?pk="), "{:?}", file.0.headers());
    feed.assert_header("cache-control", "no-store");
    assert!(feed.0.into_body().into_string().await.unwrap().contains("?pk="));
    assert!(!public.0.into_body().into_string().await.unwrap().contains("pk="));
}
