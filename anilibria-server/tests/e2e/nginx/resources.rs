//! Resource limits of nginx: requests, bodies and temporary files.

use std::time::Duration;

use poem::{
    Endpoint, Request, Response, Server,
    listener::{Acceptor as _, Listener as _, TcpListener},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};

use super::{
    Stubs,
    proxy::{BackEnds, Proxy, RawResponse, connect, request},
};

/// Size of a response that is larger than all buffers between the back end and the client.
const LARGE: usize = 64 << 20;

/// Time in which nginx would write a large response to disk.
const DELAY: Duration = Duration::from_secs(1);

/// A back end with large responses.
struct Large;

impl Endpoint for Large {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        Ok(Response::builder().body(vec![b'x'; LARGE]))
    }
}

#[tokio::test]
async fn large_response_to_a_slow_client_is_not_buffered_on_disk() {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let origin = format!("http://{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
    tokio::spawn(Server::new_with_acceptor(acceptor).run(Large));
    let Some(proxy) =
        Proxy::start(&BackEnds { node: &origin, site: &origin, ..BackEnds::instances(&origin, &origin) })
    else {
        return;
    };

    let mut slow = Vec::new();
    for (client, target) in (1..).zip([
        "/",
        "/api/x",
        "/api/anilibria/x",
        "/api/anilibria/v2/x",
        "/v3/x",
        "/storage/x",
        "/socket.io/",
    ]) {
        let mut stream = connect(&proxy.origin(), client, Some(4096)).await;
        stream.write_all(request("GET", target, &[]).as_bytes()).await.unwrap();
        stream.read_exact(&mut [0; 64]).await.unwrap();
        slow.push(stream);
    }
    sleep(DELAY).await;

    for directory in ["proxy", "client_body", "anilibria/"] {
        let large: Vec<_> =
            proxy.open_files(directory).into_iter().filter(|(_, size)| *size > 1 << 20).collect();
        assert!(large.is_empty(), "{large:?}");
    }
}

#[tokio::test]
async fn large_bodies_are_buffered_on_disk_and_limited_in_number() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };
    let unfinished = "POST /api/upload HTTP/1.1\r\nHost: front\r\nContent-Length: 200000\r\n\r\n";

    let mut uploads = Vec::new();
    for _ in 0..12 {
        let mut stream = proxy.connect(1).await;
        stream.write_all(unfinished.as_bytes()).await.unwrap();
        let _ = stream.write_all(&vec![b'x'; 100_000]).await;
        uploads.push(stream);
    }
    let mut refused = 0;
    for stream in &mut uploads {
        let mut line = [0; "HTTP/1.1 429".len()];
        let read = timeout(DELAY / 2, stream.read_exact(&mut line)).await;
        refused += usize::from(matches!(read, Ok(Ok(_))) && line.ends_with(b"429"));
    }
    let other =
        format!("{}{}", request("POST", "/api/upload", &[("Content-Length", "20000")]), "x".repeat(20_000));
    let other = RawResponse::to(proxy.connect(2).await, &other).await;

    assert_eq!(refused, 2);
    assert_eq!(proxy.open_files("client_body").len(), 10);
    assert_eq!(other.status, 200, "another address");
}

#[tokio::test]
async fn logins_of_one_address_are_limited() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };
    let log_in = async |client| {
        let post = request("POST", "/public/login.php", &[("Content-Length", "0")]);
        RawResponse::to(proxy.connect(client).await, &post).await
    };

    let responses = futures::future::join_all((0..20).map(|_| log_in(1))).await;
    let other_page = proxy.raw(1, "/public/login.php", &[]).await;
    let other_client = log_in(2).await;

    let (refused, answered): (Vec<_>, Vec<_>) = responses.iter().partition(|response| response.status == 429);
    assert!((6..=10).contains(&answered.len()), "{} answered", answered.len());
    assert_eq!(refused[0].json()["error"]["code"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(refused[0].header("retry-after"), "1");
    assert_ne!(other_page.status, 429, "a GET request is not a login");
    assert_eq!(other_client.status, 200);
}

#[tokio::test]
async fn malformed_request_gets_the_error_envelope_of_the_service() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };
    let long = "x".repeat(20_000);

    for (sent, status, code, field) in [
        (request("GET", "/api/anilibria/v2/%zz", &[]), 400, "INVALID_PARAMETERS", "path"),
        (request("GET", "/api/anilibria/v2/x%00", &[]), 400, "INVALID_PARAMETERS", "path"),
        (request("GET", "/../x", &[]), 400, "INVALID_PARAMETERS", "path"),
        ("GET /x HTTP/1.1\r\n\r\n".to_owned(), 400, "INVALID_PARAMETERS", "request"),
        (request("GET", &format!("/{long}"), &[]), 414, "URI_TOO_LONG", ""),
        (request("GET", "/x", &[("x-long", &long)]), 431, "HEADERS_TOO_LARGE", ""),
        (request("TRACE", "/api/anilibria/v2/titles", &[]), 405, "METHOD_NOT_ALLOWED", ""),
    ] {
        let response = RawResponse::to(proxy.connect(1).await, &sent).await;

        let target: String = sent.chars().take(60).collect();
        let body = response.json();
        assert_eq!((response.status, body["error"]["code"].as_str()), (status, Some(code)), "{target}");
        assert_eq!(body["error"]["details"]["field"].as_str().unwrap_or_default(), field, "{target}");
        assert_eq!(body["request_id"], response.header("x-request-id"), "{target}");
        assert_eq!(response.header("cache-control"), "no-store", "{target}");
    }
}
