//! Logging in at services that say yes and no in their own ways.

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
async fn every_way_to_say_yes_gives_the_session() {
    for err in [r#""err":"ok","#, r#""err":"","#, ""] {
        let body = format!(r#"{{{err}"mes":"welcome","key":"success","sessionId":"{ID}"}}"#);
        // PHP calls it HTML.
        for content_type in ["application/json", "text/html; charset=UTF-8"] {
            assert_eq!(login(content_type, &body).await.unwrap().expose(), ID, "{body}");
        }
    }
}

#[tokio::test]
async fn every_way_to_say_no_is_told_with_the_word_for_it() {
    for key in ["empty", "invalidUser", "wrongPasswd", "authorized", "wrongUserAgent"] {
        let body = format!(r#"{{"err":"error","mes":"why not","key":"{key}"}}"#);

        let error = login("text/html", &body).await.unwrap_err();

        let Error::Api { code: 0, key: told, message } = error else { panic!("{error:?}") };
        assert_eq!((told.as_deref(), message.as_str()), (Some(key), "why not"));
    }
}

#[tokio::test]
async fn yes_without_a_session_is_none() {
    for body in [r#"{"err":"ok","key":"success","sessionId":""}"#, r#"{"err":"","mes":"?"}"#, "{}"] {
        assert!(matches!(login("application/json", body).await, Err(Error::Api { code: 0, .. })), "{body}");
    }
    assert!(matches!(login("text/html", "<html>").await, Err(Error::Blocked { .. })));
}
