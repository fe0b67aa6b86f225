//! Tests of redirects, which must not carry secrets.

use std::time::Duration;

use anilibria_client::{
    Client, Error, Secret,
    model::{EpisodeId, Timecode},
};

use crate::host::{Host, json, response};

const STATUSES: [&str; 5] = [
    "301 Moved Permanently",
    "302 Found",
    "303 See Other",
    "307 Temporary Redirect",
    "308 Permanent Redirect",
];

/// Starts a host that redirects each path but `/elsewhere` to `target`.
async fn redirecting(status: &'static str, target: String) -> Host {
    let response = move |path: &str| match path {
        "/elsewhere" => json(r#"{"token":"t","is_alive":true}"#),
        _ => response(status, &format!("Location: {target}\r\n"), ""),
    };
    Host::start(response).await
}

#[tokio::test]
async fn a_write_does_not_follow_a_redirect() {
    for status in STATUSES {
        let other = Host::with_response(json(r#"{"token":"t"}"#)).await;
        for target in [format!("{}/elsewhere", other.by_name()), "/elsewhere".to_owned()] {
            let mirror = redirecting(status, target.clone()).await;
            let client = Client::builder().mirror(&mirror.origin).build().unwrap();

            let login = client.auth().login("me@example.org", Secret::from("hunter2")).await;
            client.session().set("token".into()).await.unwrap();
            let stopped = Timecode::stopped(EpisodeId::default(), Duration::from_secs(5));
            let save = client.views().save([stopped]).await;

            for error in [login.unwrap_err(), save.unwrap_err()] {
                assert!(matches!(error, Error::Redirected { .. }), "{status} {target}: {error:?}");
            }
            assert!(other.requests().is_empty(), "{status}: {}", other.log());
        }
    }
}

#[tokio::test]
async fn a_read_does_not_follow_a_redirect_to_another_origin_and_the_error_names_it() {
    for status in STATUSES {
        let other = Host::with_response(json("<rss/>")).await;
        let target = format!("{}/elsewhere?from=secret", other.by_name());
        let mirror = redirecting(status, target).await;
        let client = Client::builder().mirror(&mirror.origin).build().unwrap();

        let error = client.torrents().rss().passkey("secret-passkey").await.unwrap_err();

        assert!(mirror.log().contains("secret-passkey"), "the mirror did not receive the passkey");
        assert!(other.requests().is_empty(), "{}", other.log());
        let text = format!("{error} {error:?}");
        assert!(text.contains(&format!("{}/elsewhere", other.by_name())), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_read_follows_redirects_on_its_origin_without_a_referer() {
    for status in STATUSES {
        let mirror = redirecting(status, "/elsewhere".to_owned()).await;
        let client = Client::builder().mirror(&mirror.origin).build().unwrap();

        assert!(client.app().status().await.unwrap().is_alive, "{status}");
        assert!(!mirror.log().to_lowercase().contains("referer"), "{}", mirror.log());
    }
}

#[tokio::test]
async fn a_redirect_to_a_login_page_sends_a_read_to_the_next_mirror() {
    let portal = redirecting("302 Found", "http://portal.example/login".to_owned()).await;
    let healthy = Host::with_response(json(r#"{"is_alive":true}"#)).await;
    let client = Client::builder().mirror(&portal.origin).mirror(&healthy.origin).build().unwrap();

    assert!(client.app().status().await.unwrap().is_alive);
}
