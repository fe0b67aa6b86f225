//! Timeouts and limits of connections.

use std::time::Duration;

use anilibria_http::listener::ConnectionLimits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Demo, config, demo_endpoint, serve_with_bounds};

/// Serves [`Demo`] with `flags`, and returns its address.
async fn serve_demo(flags: &[&str]) -> String {
    let bounds = ConnectionLimits::new(config(flags).http.listener());
    let base = serve_with_bounds(demo_endpoint(flags, &Demo::default()), bounds).await;
    base.trim_start_matches("http://").to_owned()
}

/// Sends a request over `connection` and returns the status line of the response.
async fn status_line(connection: &mut TcpStream) -> String {
    connection.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut response = [0; 4096];
    let len = connection.read(&mut response).await.unwrap();
    String::from_utf8_lossy(&response[..len]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn incomplete_head_closes_the_connection() {
    let address = serve_demo(&["--header-timeout=1", "--request-timeout=1"]).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n").await.unwrap();

    let mut rest = Vec::new();
    let end = connection.read_to_end(&mut rest);

    // Only a timer of the server closes the connection.
    assert!(tokio::time::timeout(Duration::from_mins(1), end).await.is_ok());
}

#[tokio::test]
async fn connection_over_the_limit_waits_for_a_slot() {
    let address = serve_demo(&["--max-connections=1"]).await;
    let mut first = TcpStream::connect(&address).await.unwrap();
    assert_eq!(status_line(&mut first).await, "HTTP/1.1 200 OK");
    let mut second = TcpStream::connect(&address).await.unwrap();

    let waiting = tokio::time::timeout(Duration::from_millis(100), status_line(&mut second)).await;
    drop(first);
    let mut response = [0; 15];
    second.read_exact(&mut response).await.unwrap();

    assert!(waiting.is_err(), "{waiting:?}");
    assert_eq!(&response, b"HTTP/1.1 200 OK");
}
