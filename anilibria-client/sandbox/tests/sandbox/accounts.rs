//! All login methods, and logout.

use std::time::Duration;

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::ask::{Response, Session, ask, call, get};

async fn post(sandbox: &Sandbox, path: &str, body: Value) -> Response {
    call(sandbox, "POST", &format!("/api/v1/accounts{path}"), &body).await
}

#[tokio::test]
async fn session_ends_at_logout() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    let profile = session.get("/accounts/users/me/profile").await;
    assert_eq!(
        (&profile["login"], profile["torrents"]["passkey"].as_str().unwrap().len()),
        (&json!("demo"), 16)
    );

    let logout = session.call("POST", "/accounts/users/auth/logout", &Value::Null).await;

    assert_eq!((logout.status.as_u16(), logout.json()), (200, json!({"token": null})));
    assert_eq!(session.status("/accounts/users/me/profile").await, 403);
    assert_eq!(session.call("POST", "/accounts/users/auth/logout", &Value::Null).await.status.as_u16(), 401);
}

#[tokio::test]
async fn wrong_login_is_401_and_missing_field_is_422() {
    let sandbox = Sandbox::new();
    for (body, status) in [
        (json!({"login": "demo", "password": "wrong"}), 401),
        (json!({"login": "nobody", "password": "demo"}), 401),
        (json!({"login": "demo"}), 422),
        (json!({"login": "demo", "password": null}), 422),
        (Value::Null, 422),
    ] {
        let response = post(&sandbox, "/users/auth/login", body.clone()).await;

        assert_eq!(response.status.as_u16(), status, "{body}");
        assert!(response.json()["message"].is_string());
    }
}

#[tokio::test]
async fn account_routes_are_403_without_a_valid_token() {
    let sandbox = Sandbox::new();
    let stranger = Session { sandbox: &sandbox, token: "nonsense".to_owned() };
    let episode = get(&sandbox, "/anime/releases/1").await["episodes"][0]["id"].as_str().unwrap().to_owned();
    for (method, path) in [
        ("GET", "/accounts/users/me/profile"),
        ("GET", "/accounts/users/me/favorites/ids"),
        ("POST", "/accounts/users/me/favorites"),
        ("DELETE", "/accounts/users/me/favorites"),
        ("GET", "/accounts/users/me/favorites/references/sorting"),
        ("POST", "/accounts/users/me/collections/releases"),
        ("GET", "/accounts/users/me/collections/references/years"),
        ("GET", "/accounts/users/me/views/history"),
        ("DELETE", "/accounts/users/me/views/timecodes"),
        ("GET", "/anime/releases/1/episodes/timecodes"),
        ("GET", &format!("/anime/releases/episodes/{episode}/timecode")),
        ("POST", "/anime/releases/1/rating"),
    ] {
        let unknown = stranger.call(method, path, &Value::Null).await;
        let nobody = call(&sandbox, method, &format!("/api/v1{path}"), &Value::Null).await;

        for response in [unknown, nobody] {
            assert_eq!(response.status.as_u16(), 403, "{method} {path}");
            assert!(response.json()["message"].is_string(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn device_signs_in_once_with_an_accepted_code() {
    let sandbox = Sandbox::new();
    let otp = post(&sandbox, "/otp/get", json!({"device_id": "tv"})).await.json();
    let code = otp["otp"]["code"].as_str().unwrap();
    let again = post(&sandbox, "/otp/get", json!({"device_id": "tv"})).await.json();
    let login = json!({"code": code, "device_id": "tv"});
    assert_eq!((code.len(), &otp["otp"]["user_id"], &again["otp"]["code"]), (6, &Value::Null, &json!(code)));
    assert_eq!(post(&sandbox, "/otp/login", login.clone()).await.status.as_u16(), 401);

    let phone = Session::log_in(&sandbox).await;
    let accepted = phone.call("POST", "/accounts/otp/accept", &json!({"code": code})).await;
    let response = post(&sandbox, "/otp/login", login.clone()).await;

    assert_eq!((accepted.status.as_u16(), accepted.body.len()), (200, 0));
    let tv = Session { sandbox: &sandbox, token: response.json()["token"].as_str().unwrap().to_owned() };
    assert_eq!(tv.status("/accounts/users/me/profile").await, 200);
    assert_eq!(post(&sandbox, "/otp/login", login).await.status.as_u16(), 404);
}

#[tokio::test]
async fn code_is_accepted_as_a_number() {
    let sandbox = Sandbox::new();
    let phone = Session::log_in(&sandbox).await;
    let otp = post(&sandbox, "/otp/get", json!({"device_id": "tv"})).await.json();
    let code: u32 = otp["otp"]["code"].as_str().unwrap().parse().unwrap();

    let accepted = phone.call("POST", "/accounts/otp/accept", &json!({"code": code})).await;
    let response = post(&sandbox, "/otp/login", json!({"code": code, "device_id": "tv"})).await;

    assert_eq!((accepted.status.as_u16(), response.status.as_u16()), (200, 200));
}

#[tokio::test]
async fn unknown_or_expired_code_or_missing_session_is_rejected() {
    let sandbox = Sandbox::new();
    let phone = Session::log_in(&sandbox).await;
    let otp = post(&sandbox, "/otp/get", json!({"device_id": "tv"})).await.json();
    let code = &otp["otp"]["code"];
    let accept = json!({"code": code});

    assert_eq!(post(&sandbox, "/otp/get", json!({})).await.status.as_u16(), 422);
    assert_eq!(post(&sandbox, "/otp/accept", accept.clone()).await.status.as_u16(), 401);
    assert_eq!(phone.call("POST", "/accounts/otp/accept", &json!({"code": "x"})).await.status.as_u16(), 422);
    let other = json!({"code": code, "device_id": "phone"});
    assert_eq!(post(&sandbox, "/otp/login", other).await.status.as_u16(), 404);
    sandbox.advance(Duration::from_mins(5));
    assert_eq!(phone.call("POST", "/accounts/otp/accept", &accept).await.status.as_u16(), 404);
    let login = json!({"code": code, "device_id": "tv"});
    assert_eq!(post(&sandbox, "/otp/login", login).await.status.as_u16(), 404);
}

#[tokio::test]
async fn finished_social_login_returns_one_token() {
    let sandbox = Sandbox::new();
    let begun = get(&sandbox, "/accounts/users/auth/social/vk/login").await;
    let state = begun["state"].as_str().unwrap();
    let path = format!("/accounts/users/auth/social/authenticate?state={state}");
    assert!(begun["url"].as_str().unwrap().ends_with(&format!("state={state}")));
    assert_eq!(ask(&sandbox, &path).await.status.as_u16(), 404);

    let finished = call(&sandbox, "POST", "/sandbox/social", &json!({"state": state})).await;

    assert_eq!(finished.status.as_u16(), 204);
    assert!(get(&sandbox, &path).await["token"].is_string());
    assert_eq!(ask(&sandbox, &path).await.status.as_u16(), 404);
    assert!(!sandbox.finish_social_login(state));
    assert_eq!(ask(&sandbox, "/accounts/users/auth/social/myspace/login").await.status.as_u16(), 404);
}

#[tokio::test]
async fn forgotten_password_is_changed_with_the_reset_token() {
    let sandbox = Sandbox::new();
    let forget = post(&sandbox, "/users/auth/password/forget", json!({"email": "demo@example.com"})).await;
    let token = call(&sandbox, "GET", "/sandbox/password", &Value::Null).await.json()["token"].clone();
    let body = |token: &Value, again: &str| json!({"token": token, "password": "new", "password_confirmation": again});

    let mismatch = post(&sandbox, "/users/auth/password/reset", body(&token, "old")).await;
    let unknown = post(&sandbox, "/users/auth/password/reset", body(&json!("x"), "new")).await;
    let reset = post(&sandbox, "/users/auth/password/reset", body(&token, "new")).await;

    assert_eq!(forget.headers["content-type"], "text/html; charset=UTF-8");
    assert_eq!((mismatch.status.as_u16(), unknown.status.as_u16(), reset.status.as_u16()), (422, 404, 200));
    for (password, status) in [("demo", 401), ("new", 200)] {
        let pair = json!({"login": "demo", "password": password});
        assert_eq!(post(&sandbox, "/users/auth/login", pair).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn reset_ends_all_sessions_and_clears_the_lists() {
    let sandbox = Sandbox::new();
    let before = Session::log_in(&sandbox).await;
    before.call("POST", "/accounts/users/me/favorites", &json!([{"release_id": 7}])).await;

    sandbox.reset();

    assert_eq!(before.status("/accounts/users/me/profile").await, 403);
    let after = Session::log_in(&sandbox).await;
    assert_eq!(after.token, before.token);
    assert_eq!(after.get("/accounts/users/me/favorites/ids").await, json!([]));
}
