use mockito::{Server, ServerGuard};
use tokio::net::TcpListener;

use super::*;

const PATH: &str = "/storage/poster.webp";

/// A base URL whose host refuses connections.
const REFUSED: &str = "http://127.0.0.1:9/api/v1";

async fn host(status: usize, body: &str) -> ServerGuard {
    let mut server = Server::new_async().await;
    server.mock("GET", PATH).with_status(status).with_body(body).create_async().await;
    server
}

fn client(mirrors: &[&str]) -> Client {
    mirrors.iter().fold(Client::builder(), |builder, mirror| builder.mirror(*mirror)).build().unwrap()
}

fn api(server: &ServerGuard) -> String {
    format!("{}/api/v1", server.url())
}

#[tokio::test]
async fn file_comes_from_the_next_mirror_when_the_first_refuses_connections_or_is_blocked() {
    let blocked = host(403, "<html>blocked</html>").await;
    let page = host(200, "<!doctype html><html>Just a moment…</html>").await;
    let down = host(502, "").await;
    for first in [REFUSED, &api(&blocked), &api(&page), &api(&down)] {
        let second = host(200, "poster").await;
        let client = client(&[first, &api(&second)]);

        assert_eq!(client.media_file(PATH, 100).await.unwrap(), "poster", "{first}");
        assert_eq!(client.media_url(PATH).unwrap(), format!("{}{PATH}", second.url()), "{first}");
    }
}

#[tokio::test]
async fn silent_mirror_leaves_time_for_the_next_one() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = host(200, "poster").await;
    let silent_root = format!("http://{}/api/v1", silent.local_addr().unwrap());
    let builder = Client::builder().mirror(silent_root).mirror(api(&second));
    let client = builder.timeout(Duration::from_millis(800)).build().unwrap();

    assert_eq!(client.media_file(PATH, 100).await.unwrap(), "poster");
}

#[tokio::test]
async fn absolute_url_on_a_mirror_is_found_on_the_next_one() {
    let second = host(200, "poster").await;
    let client = client(&[REFUSED, &api(&second)]);
    let url = client.media_url(PATH).unwrap();
    assert!(url.starts_with("http://127.0.0.1:9/"));

    assert_eq!(client.media_file(&url, 100).await.unwrap(), "poster");
}

#[tokio::test]
async fn file_of_another_host_is_requested_from_that_host_alone() {
    let mirror = host(200, "poster").await;
    let with_origin =
        Client::builder().mirror(api(&mirror)).media_origin("http://127.0.0.1:9").build().unwrap();

    let absolute = client(&[&api(&mirror)]).media_file(&format!("http://127.0.0.1:9{PATH}"), 100).await;
    let explicit = with_origin.media_file(PATH, 100).await;

    assert!(matches!(absolute, Err(Error::Connect { .. })), "{absolute:?}");
    assert!(matches!(explicit, Err(Error::Connect { .. })), "{explicit:?}");
}

#[tokio::test]
async fn missing_and_long_files_are_not_requested_from_other_mirrors() {
    let (missing, long) = (host(404, "").await, host(200, "poster").await);
    let mut other = Server::new_async().await;
    let untouched = other.mock("GET", PATH).expect(0).create_async().await;

    let missing = client(&[&api(&missing), &api(&other)]).media_file(PATH, 100).await;
    let long = client(&[&api(&long), &api(&other)]).media_file(PATH, 5).await;

    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    assert!(matches!(long, Err(Error::TooLarge { limit: 5 })), "{long:?}");
    untouched.assert_async().await;
}

#[tokio::test]
async fn failure_of_every_mirror_names_each_with_its_cause() {
    let blocked = host(403, "").await;

    let error = client(&[REFUSED, &api(&blocked)]).media_file(PATH, 100).await.unwrap_err();

    let Error::AllMirrors(failures) = error else { panic!("{error:?}") };
    assert_eq!(failures[0].mirror, "127.0.0.1:9");
    assert!(matches!(failures[0].error, Error::Connect { .. }));
    assert!(matches!(failures[1].error, Error::Blocked { status: 403, .. }));
}

#[tokio::test]
async fn endless_redirects_and_unlimited_timeouts_do_not_hang_or_panic() {
    let mut server = Server::new_async().await;
    let circle = server.mock("GET", PATH).with_status(302).with_header("location", PATH).create_async().await;
    let builder =
        Client::builder().mirror(api(&server)).timeout(Duration::MAX).attempt_timeout(Duration::MAX);

    let error = builder.build().unwrap().media_file(PATH, 100).await.unwrap_err();

    assert!(matches!(error, Error::Redirected { .. }), "{error:?}");
    drop(circle);
}

#[tokio::test]
async fn redirect_to_another_host_is_followed_if_the_http_client_follows_none() {
    let cdn = host(200, "poster").await;
    let mut server = Server::new_async().await;
    let moved = server.mock("GET", PATH).with_status(307).with_header("location", &(cdn.url() + PATH));
    let _moved = moved.create_async().await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let client = Client::builder().mirror(api(&server)).http_client(http).build().unwrap();

    assert_eq!(client.media_file(PATH, 100).await.unwrap(), "poster");
}

#[tokio::test]
async fn addresses_that_are_not_of_the_web_are_refused() {
    let client = client(&[REFUSED]);
    for path in ["", "poster.webp", "file:///etc/passwd", "data:,x", "ftp://host/a"] {
        let error = client.media_file(path, 100).await.unwrap_err();

        assert!(matches!(error, Error::InvalidRequest { .. }), "{path}: {error:?}");
    }
}
