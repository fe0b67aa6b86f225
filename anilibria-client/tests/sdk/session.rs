//! Tests of login and logout, and of the places to which tokens go: the service and the token store only.

use std::time::Duration;

use anilibria_client::{
    Client, Error,
    session::{FileTokenStore, Token},
};
use mockito::{Matcher, Server, ServerGuard};
use serde_json::json;

const PROFILE: &str = "/accounts/users/me/profile";
const TOKEN: &str = "very-secret-token";

fn client(server: &ServerGuard) -> Client {
    Client::builder().mirror(server.url()).build().unwrap()
}

async fn profile(server: &mut ServerGuard) -> mockito::Mock {
    let bearer = format!("Bearer {TOKEN}");
    let profile = server.mock("GET", PROFILE).match_header("authorization", bearer.as_str());
    profile.with_body(r#"{"id":7,"torrents":{"passkey":"very-secret-passkey"}}"#).create_async().await
}

#[tokio::test]
async fn call_that_needs_a_session_is_not_sent_without_one() {
    let mut server = Server::new_async().await;
    let never = server.mock("GET", PROFILE).expect(0).create_async().await;

    let error = client(&server).profile().get().await.unwrap_err();

    assert!(matches!(error, Error::NoSession), "{error:?}");
    never.assert_async().await;
}

#[tokio::test]
async fn login_sends_the_password_in_the_body_and_all_clones_use_the_token() {
    let mut server = Server::new_async().await;
    let body = Matcher::Json(json!({"login": "demo", "password": "hunter2"}));
    let login = server.mock("POST", "/accounts/users/auth/login").match_body(body);
    login.with_body(json!({"token": TOKEN}).to_string()).create_async().await;
    profile(&mut server).await;
    let client = client(&server);

    client.session().log_in("demo", "hunter2").await.unwrap();

    assert_eq!(client.clone().profile().get().await.unwrap().id.get(), 7);
}

#[tokio::test]
async fn wrong_password_is_unauthorised() {
    let mut server = Server::new_async().await;
    let login =
        server.mock("POST", "/accounts/users/auth/login").with_status(401).with_body(r#"{"message":"no"}"#);
    login.create_async().await;

    let error = client(&server).session().log_in("demo", "wrong").await.unwrap_err();

    assert!(matches!(error, Error::Unauthorized { status: 401, .. }), "{error:?}");
}

#[tokio::test]
async fn public_calls_carry_no_token() {
    let mut server = Server::new_async().await;
    let public =
        server.mock("GET", "/app/status").match_header("authorization", Matcher::Missing).with_body("{}");
    let public = public.expect(1).create_async().await;
    let client = client(&server);
    client.session().set(Token::from(TOKEN)).await.unwrap();

    client.app().status().await.unwrap();

    public.assert_async().await;
}

#[tokio::test]
async fn logout_calls_the_service_and_drops_the_token() {
    let mut server = Server::new_async().await;
    let logout = server.mock("POST", "/accounts/users/auth/logout").with_body(r#"{"token":null}"#).expect(1);
    let logout = logout.create_async().await;
    let client = client(&server);
    client.session().set(Token::from(TOKEN)).await.unwrap();

    client.session().log_out().await.unwrap();

    logout.assert_async().await;
    assert_eq!(client.session().token().await.unwrap(), None);
    assert!(client.session().log_out().await.is_ok(), "logging out twice");
}

#[tokio::test]
async fn logout_drops_the_token_even_if_the_service_fails() {
    let mut server = Server::new_async().await;
    server.mock("POST", "/accounts/users/auth/logout").with_status(500).create_async().await;
    let client = client(&server);
    client.session().set(Token::from(TOKEN)).await.unwrap();

    assert!(client.session().log_out().await.is_err());

    assert_eq!(client.session().token().await.unwrap(), None);
}

#[tokio::test]
async fn secrets_do_not_appear_in_debug_output_or_errors() {
    let mut server = Server::new_async().await;
    profile(&mut server).await;
    let client = client(&server);
    client.session().set(Token::from(TOKEN)).await.unwrap();
    let login = client.auth().login("demo", "very-secret-password");

    let profile = client.profile().get().await.unwrap();
    let refused = client.otp().login("very-secret-code", "device").await.unwrap_err();

    let texts = format!(
        "{client:?} {:?} {:?} {profile:?} {login:?} {refused:?} {refused} {:?}",
        client.session(),
        client.session().token().await.unwrap(),
        Client::builder().proxy("http://user:very-secret@proxy.example"),
    );
    assert!(!texts.contains("very-secret"), "{texts}");
    assert_eq!(profile.torrents.passkey.unwrap().expose(), "very-secret-passkey");
}

#[tokio::test]
async fn token_file_is_read_by_the_next_client_and_only_by_its_owner() {
    let mut server = Server::new_async().await;
    profile(&mut server).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let client =
        || Client::builder().mirror(server.url()).token_store(FileTokenStore::new(&path)).build().unwrap();

    client().session().set(Token::from(TOKEN)).await.unwrap();
    let next = client();

    assert_eq!(next.profile().get().await.unwrap().id.get(), 7);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    next.session().forget().await.unwrap();
    assert!(!path.exists());
    assert_eq!(client().session().token().await.unwrap(), None);
}

#[tokio::test]
async fn failed_token_store_is_an_error() {
    let store = FileTokenStore::new("/no/such/directory/token");
    let client = Client::builder().token_store(store).build().unwrap();

    let error = client.session().set(Token::from(TOKEN)).await.unwrap_err();

    assert!(matches!(error, Error::TokenStore { .. }), "{error:?}");
}

#[tokio::test]
async fn one_time_code_is_polled_until_it_is_accepted() {
    let mut server = Server::new_async().await;
    let grant = json!({"otp": {"code": "058701", "device_id": "tv", "user_id": null}, "remaining_time": 300});
    server.mock("POST", "/accounts/otp/get").with_body(grant.to_string()).create_async().await;
    let body = Matcher::Json(json!({"code": "058701", "device_id": "tv"}));
    let waiting =
        server.mock("POST", "/accounts/otp/login").match_body(body).with_status(401).with_body("{}");
    let waiting = waiting.expect(2).create_async().await;
    let accepted = server.mock("POST", "/accounts/otp/login").with_body(json!({"token": TOKEN}).to_string());
    accepted.create_async().await;
    let client = client(&server);

    let login = client.session().otp("tv").await.unwrap();
    assert_eq!(login.code(), "058701");
    login.every(Duration::from_millis(1)).wait().await.unwrap();

    waiting.assert_async().await;
    assert_eq!(client.session().token().await.unwrap(), Some(Token::from(TOKEN)));
}

#[tokio::test]
async fn expired_one_time_code_is_an_error() {
    let mut server = Server::new_async().await;
    let grant =
        |left: u32| json!({"otp": {"code": 58701, "device_id": "tv"}, "remaining_time": left}).to_string();
    server.mock("POST", "/accounts/otp/get").with_body(grant(300)).create_async().await;
    server.mock("POST", "/accounts/otp/login").with_status(404).with_body("{}").create_async().await;

    let login = client(&server).session().otp("tv").await.unwrap();
    assert_eq!(login.code(), "058701", "a number gets its leading zero back");
    let error = login.wait().await.unwrap_err();

    assert!(matches!(error, Error::LoginExpired), "{error:?}");
}

#[tokio::test]
async fn social_login_waits_for_the_user() {
    let mut server = Server::new_async().await;
    let login = server.mock("GET", "/accounts/users/auth/social/vk/login");
    login.with_body(r#"{"url":"https://vk.example/login","state":"abc"}"#).create_async().await;
    let path = "/accounts/users/auth/social/authenticate?state=abc";
    let waiting = server.mock("GET", path).with_status(404).with_body("{}").expect(2).create_async().await;
    server.mock("GET", path).with_body(json!({"token": TOKEN}).to_string()).create_async().await;
    let client = client(&server);

    let login = client.session().social(anilibria_client::model::SocialProvider::Vk).await.unwrap();
    assert_eq!(login.url(), "https://vk.example/login");
    login.every(Duration::from_millis(1)).wait().await.unwrap();

    waiting.assert_async().await;
    assert!(client.session().token().await.unwrap().is_some());
}

#[tokio::test]
async fn long_lists_of_favorites_are_sent_in_batches() {
    let mut server = Server::new_async().await;
    let path = "/accounts/users/me/favorites";
    let batches = server.mock("POST", path).with_body("[1,2,3]").expect(3).create_async().await;
    let client = client(&server);
    client.session().set(Token::from(TOKEN)).await.unwrap();

    let left = client.favorites().add(1..=250).await.unwrap();

    assert_eq!(left.len(), 3);
    batches.assert_async().await;
}
