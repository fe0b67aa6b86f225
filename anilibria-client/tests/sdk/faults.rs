//! Tests of the error for each failure of the network and of the service.

use std::time::Duration;

use anilibria_client::{Client, Error, RetryPolicy};
use mockito::{Server, ServerGuard};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const STATUS: &str = "/app/status";
const ALIVE: &str = r#"{"is_alive":true}"#;

fn client(mirrors: &[&ServerGuard]) -> Client {
    let builder = mirrors.iter().fold(Client::builder(), |builder, mirror| builder.mirror(mirror.url()));
    builder.timeout(Duration::from_secs(5)).retry(RetryPolicy::none()).build().unwrap()
}

/// A status, a body, and a check of the resulting error.
type Case = (usize, &'static str, fn(&Error) -> bool);

/// Starts a server that answers every connection with `bytes`. It then closes the connection, or stays silent.
async fn raw(bytes: &'static [u8], close: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(bytes).await;
            if !close {
                open.push(socket);
            }
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn each_status_becomes_its_error() {
    let mut server = Server::new_async().await;
    let client = client(&[&server]);
    let cases: [Case; 8] = [
        (404, r#"{"message":"no such release"}"#, Error::is_not_found),
        (401, r#"{"message":"log in"}"#, |e| matches!(e, Error::Unauthorized { status: 401, .. })),
        (403, r#"{"message":"log in"}"#, |e| matches!(e, Error::Unauthorized { status: 403, .. })),
        (403, "<html>Just a moment...</html>", |e| matches!(e, Error::Blocked { .. })),
        (422, r#"{"message":"bad","errors":{"limit":["bad"]}}"#, |e| matches!(e, Error::Validation(_))),
        (429, "", |e| matches!(e, Error::RateLimited { retry_after: Some(wait) } if wait.as_secs() == 7)),
        (500, r#"{"message":"Server Error"}"#, |e| matches!(e, Error::Status { status: 500, .. })),
        (503, "<html></html>", |e| matches!(e, Error::Status { status: 503, .. })),
    ];

    for (status, body, expected) in cases {
        let response =
            server.mock("GET", STATUS).with_status(status).with_body(body).with_header("Retry-After", "7");
        let response = response.expect(1).create_async().await;

        let error = client.app().status().await.unwrap_err();

        assert!(expected(&error), "{status} {body}: {error:?}");
        response.assert_async().await;
        response.remove_async().await;
    }
}

#[tokio::test]
async fn unexpected_response_is_an_error_with_the_path() {
    let mut server = Server::new_async().await;
    let body = r#"{"id":"not a number"}"#;
    server.mock("GET", "/anime/releases/2").with_body(body).create_async().await;

    let error = client(&[&server]).releases().get(2).await.unwrap_err();

    assert!(matches!(&error, Error::Decode { path, .. } if path == "id"), "{error:?}");
}

#[tokio::test]
async fn html_with_status_200_is_a_block() {
    let mut server = Server::new_async().await;
    server.mock("GET", STATUS).with_body("<!DOCTYPE html>").create_async().await;

    let error = client(&[&server]).app().status().await.unwrap_err();

    assert!(matches!(error, Error::Blocked { status: 200, .. }), "{error:?}");
}

#[tokio::test]
async fn truncated_body_is_an_interruption() {
    let url = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"is_alive\":", true).await;
    let client = Client::builder().mirror(url).build().unwrap();

    let error = client.app().status().await.unwrap_err();

    assert!(matches!(error, Error::Interrupted { .. }), "{error:?}");
}

#[tokio::test]
async fn closed_port_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder().mirror(url).build().unwrap();

    let error = client.app().status().await.unwrap_err();

    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn slow_headers_and_slow_bodies_end_at_the_attempt_timeout() {
    for bytes in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"] {
        let url = raw(bytes, false).await;
        let limit = Duration::from_millis(200);
        let client = Client::builder().mirror(url).attempt_timeout(limit).build().unwrap();

        let error = client.app().status().await.unwrap_err();

        assert!(matches!(error, Error::Timeout { after, .. } if after == limit), "{error:?}");
    }
}

#[tokio::test]
async fn deadline_ends_the_whole_call_over_all_mirrors() {
    let (one, two) = (raw(b"", false).await, raw(b"", false).await);
    let limit = Duration::from_millis(300);
    let client = Client::builder().mirror(one).mirror(two).timeout(limit).build().unwrap();

    let error = client.app().status().await.unwrap_err();

    assert!(matches!(&error, Error::AllMirrors(failures) if failures.len() == 2), "{error:?}");
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn response_over_the_size_limit_is_not_read() {
    let mut server = Server::new_async().await;
    server.mock("GET", STATUS).with_body(" ".repeat(100_000)).create_async().await;
    let client = Client::builder().mirror(server.url()).max_response_size(10_000).build().unwrap();

    let error = client.app().status().await.unwrap_err();

    assert!(matches!(error, Error::TooLarge { limit: 10_000 }), "{error:?}");
}

#[tokio::test]
async fn read_is_sent_to_the_next_mirror_which_becomes_preferred() {
    let (mut down, mut up) = (Server::new_async().await, Server::new_async().await);
    let failing = down.mock("GET", STATUS).with_status(503).expect(1).create_async().await;
    let working = up.mock("GET", STATUS).with_body(ALIVE).expect(2).create_async().await;
    let client = client(&[&down, &up]);

    let first = client.app().status().await.unwrap();
    let second = client.app().status().await.unwrap();

    assert!(first.is_alive && second.is_alive);
    failing.assert_async().await;
    working.assert_async().await;
}

#[tokio::test]
async fn mirror_with_a_block_page_is_skipped() {
    let (mut lying, mut honest) = (Server::new_async().await, Server::new_async().await);
    lying.mock("GET", STATUS).with_body("<html>parked domain</html>").create_async().await;
    honest.mock("GET", STATUS).with_body(ALIVE).create_async().await;

    let status = client(&[&lying, &honest]).app().status().await.unwrap();

    assert!(status.is_alive);
}

#[tokio::test]
async fn not_found_is_not_requested_from_other_mirrors() {
    let (mut one, mut two) = (Server::new_async().await, Server::new_async().await);
    one.mock("GET", "/anime/releases/1").with_status(404).with_body("{}").create_async().await;
    let other = two.mock("GET", "/anime/releases/1").expect(0).create_async().await;

    let error = client(&[&one, &two]).releases().get(1).await.unwrap_err();

    assert!(error.is_not_found());
    other.assert_async().await;
}

#[tokio::test]
async fn the_failure_of_all_mirrors_names_each_cause() {
    let (mut one, mut two) = (Server::new_async().await, Server::new_async().await);
    one.mock("GET", STATUS).with_status(500).create_async().await;
    two.mock("GET", STATUS).with_status(502).create_async().await;

    let error = client(&[&one, &two]).app().status().await.unwrap_err();

    let Error::AllMirrors(failures) = &error else { panic!("{error:?}") };
    assert_eq!(failures[0].mirror, one.host_with_port());
    assert!(matches!(failures[0].error, Error::Status { status: 500, .. }));
    assert!(matches!(failures[1].error, Error::Status { status: 502, .. }));
}

#[tokio::test]
async fn redirects_without_end_are_an_error() {
    let mut server = Server::new_async().await;
    server.mock("GET", STATUS).with_status(302).with_header("Location", STATUS).create_async().await;

    let error = client(&[&server]).app().status().await.unwrap_err();

    assert!(matches!(error, Error::Redirected { .. }), "{error:?}");
}

#[tokio::test]
async fn error_message_does_not_contain_the_query() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder().mirror(url).build().unwrap();

    let error = client.search("secret words").await.unwrap_err();

    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}
