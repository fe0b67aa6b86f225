//! Tests of logins: every form of success and of refusal.

use anilibria_client::{
    Error,
    v3::{Client, Session},
};
use mockito::{Matcher, Server};

const ID: &str = "abcdefghijklmnopqrstuvwxyz012345";

async fn login(content_type: &str, body: &str) -> Result<Session, Error> {
    let mut server = Server::new_async().await;
    let mock = server.mock("POST", "/public/login.php");
    let mock = mock.match_header("content-type", "application/x-www-form-urlencoded");
    let mock = mock.match_body(Matcher::Exact("mail=demo%40example.org&passwd=p%26ss".to_owned()));
    mock.with_header("content-type", content_type).with_body(body).create_async().await;
    let client = Client::builder("https://gateway.example").site_base(server.url()).build().unwrap();
    client.login("demo@example.org", "p&ss").await
}

#[tokio::test]
async fn every_form_of_success_returns_the_session() {
    for err in [r#""err":"ok","#, r#""err":"","#, ""] {
        let body = format!(r#"{{{err}"mes":"welcome","key":"success","sessionId":"{ID}"}}"#);
        // PHP sends JSON as HTML.
        for content_type in ["application/json", "text/html; charset=UTF-8"] {
            assert_eq!(login(content_type, &body).await.unwrap().expose(), ID, "{body}");
        }
    }
}

#[tokio::test]
async fn every_refusal_is_an_error_with_its_key() {
    for key in ["empty", "invalidUser", "wrongPasswd", "authorized", "wrongUserAgent"] {
        let body = format!(r#"{{"err":"error","mes":"why not","key":"{key}"}}"#);

        let error = login("text/html", &body).await.unwrap_err();

        let Error::Api { code: 0, key: actual_key, message } = error else { panic!("{error:?}") };
        assert_eq!((actual_key.as_deref(), message.as_str()), (Some(key), "why not"));
    }
}

#[tokio::test]
async fn success_without_a_session_is_an_error() {
    for body in [r#"{"err":"ok","key":"success","sessionId":""}"#, r#"{"err":"","mes":"?"}"#, "{}"] {
        assert!(matches!(login("application/json", body).await, Err(Error::Api { code: 0, .. })), "{body}");
    }
    assert!(matches!(login("text/html", "<html>").await, Err(Error::Blocked { .. })));
}
