//! Connections: how long they are kept, and how many.

use std::time::Duration;

use anilibria_http::listener::ConnectionLimits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Demo, config, served_within, shell};

/// Serves the demo with `flags`, and tells where.
async fn served_with(flags: &[&str]) -> String {
    let bounds = ConnectionLimits::new(config(flags).http.listener());
    let base = served_within(shell(flags, &Demo::default()), bounds).await;
    base.trim_start_matches("http://").to_owned()
}

/// Asks over `connection` and tells the first line of the answer.
async fn ask(connection: &mut TcpStream) -> String {
    connection.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 4096];
    let len = connection.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..len]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn head_that_never_ends_closes_the_connection() {
    let address = served_with(&["--header-timeout=1", "--request-timeout=1"]).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n").await.unwrap();

    let mut rest = Vec::new();
    let end = connection.read_to_end(&mut rest);

    // A timer of the server ends it; without one this would wait for good.
    assert!(tokio::time::timeout(Duration::from_mins(1), end).await.is_ok());
}

#[tokio::test]
async fn connection_beyond_the_bound_waits_for_a_place() {
    let address = served_with(&["--max-connections=1"]).await;
    let mut first = TcpStream::connect(&address).await.unwrap();
    assert_eq!(ask(&mut first).await, "HTTP/1.1 200 OK");
    let mut second = TcpStream::connect(&address).await.unwrap();

    let waiting = tokio::time::timeout(Duration::from_millis(100), ask(&mut second)).await;
    drop(first);
    let mut answer = [0; 15];
    second.read_exact(&mut answer).await.unwrap();

    assert!(waiting.is_err(), "{waiting:?}");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}
