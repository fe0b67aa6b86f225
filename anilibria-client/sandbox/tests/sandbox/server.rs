//! The sandbox as an HTTP server.

use anilibria_sandbox::{Faults, RunningSandbox, Sandbox};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends `request` and reads until the server closes the connection.
async fn exchange(sandbox: &RunningSandbox, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    // A connection reset counts as a close.
    let _ = stream.read_to_end(&mut response).await;
    response
}

/// Requests `path` on a new connection, and returns head and body of the response.
async fn ask(sandbox: &RunningSandbox, path: &str) -> (String, Vec<u8>) {
    let host = sandbox.address();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let response = exchange(sandbox, &request).await;
    let end = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let (head, body) = response.split_at(end);
    (String::from_utf8(head.to_vec()).unwrap().to_ascii_lowercase(), body.to_vec())
}

fn declared_length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    line.parse().unwrap()
}

#[tokio::test]
async fn responses_over_http_link_to_the_same_server() {
    let sandbox = Sandbox::new().start().await.unwrap();

    let (head, body) = ask(&sandbox, "/api/v1/anime/torrents?limit=1").await;

    assert!(head.starts_with("http/1.1 200 ok"));
    assert_eq!(declared_length(&head), body.len());
    let response: Value = serde_json::from_slice(&body).unwrap();
    let next = response["meta"]["pagination"]["links"]["next"].as_str().unwrap();
    assert_eq!(next, format!("{}/anime/torrents?limit=1&page=2", sandbox.api_url()));
    assert_eq!(sandbox.hits("/anime/torrents"), 1);
}

#[tokio::test]
async fn truncated_response_ends_within_its_body() {
    let sandbox = Sandbox::new().start().await.unwrap();
    sandbox.set_faults(Faults::new().truncate(true)).unwrap();

    let (head, body) = ask(&sandbox, "/api/v1/anime/genres").await;

    assert!(head.starts_with("http/1.1 200 ok"));
    assert_eq!(body.len(), declared_length(&head) / 2);
    assert!(serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn dropped_call_gets_no_response() {
    let sandbox = Sandbox::new().start().await.unwrap();
    sandbox.set_faults(Faults::new().drop(true).paths(["/anime/"])).unwrap();

    let dropped = exchange(&sandbox, "GET /api/v1/anime/genres HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let (head, _) = ask(&sandbox, "/api/v1/app/status").await;

    assert!(dropped.is_empty());
    assert!(head.starts_with("http/1.1 200 ok"));
    assert_eq!(sandbox.hits("/anime/genres"), 1);
}

#[tokio::test]
async fn connection_serves_several_calls() {
    let sandbox = Sandbox::new().start().await.unwrap();
    let call = "GET /api/v1/app/status HTTP/1.1\r\nhost: x\r\n\r\n";
    let last = "GET /api/v1/app/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    let responses = exchange(&sandbox, &format!("{call}{call}{last}")).await;

    assert_eq!(String::from_utf8(responses).unwrap().matches("HTTP/1.1 200 OK").count(), 3);
    assert_eq!(sandbox.request_count(), 3);
}

#[tokio::test]
async fn body_above_the_limit_is_rejected() {
    let sandbox = Sandbox::new().start().await.unwrap();
    let head =
        format!("POST /sandbox/releases HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 300 * 1024);

    let response = exchange(&sandbox, &head).await;

    assert!(response.starts_with(b"HTTP/1.1 413 "));
}

#[tokio::test]
async fn stopped_sandbox_closes_its_connections_and_frees_its_port() {
    let sandbox = Sandbox::new();
    let running = sandbox.start().await.unwrap();
    let address = running.address();
    let mut open = TcpStream::connect(address).await.unwrap();
    open.write_all(b"GET /api/v1/app/status HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    open.read_exact(&mut [0]).await.unwrap();

    running.stop().await;

    // The read would not end if the connection were still served.
    let _ = open.read_to_end(&mut Vec::new()).await;
    assert_eq!(sandbox.start_on(address).await.unwrap().address(), address);
}

#[tokio::test]
async fn dropped_sandbox_frees_its_port() {
    let sandbox = Sandbox::new();
    let running = sandbox.start().await.unwrap();
    let address = running.address();

    drop(running);

    // The task that holds the port ends when the runtime polls it.
    let again = loop {
        match sandbox.start_on(address).await {
            Ok(again) => break again,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(again.origin(), format!("http://{address}"));
}
