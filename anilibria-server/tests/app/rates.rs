//! How often one client may ask, and for how long.

use std::net::SocketAddr;

use anilibria_http::User;
use poem::{
    Addr, Body, Endpoint as _, Request, RequestParts, Response,
    http::{self, StatusCode, uri::Scheme},
    test::TestResponse,
    web::{LocalAddr, RemoteAddr},
};

use crate::support::{Demo, assert_error, served, shell};

/// Sends what comes over a network.
struct Net {
    shell: anilibria_server::app::root_endpoint::RootEndpoint,
}

impl Net {
    fn new(flags: &[&str]) -> Self {
        Self { shell: shell(flags, &Demo::default()) }
    }

    /// The answer to the client at `peer`, who sends `headers`.
    async fn get(&self, peer: &str, path: &'static str, headers: &[(&str, &str)]) -> Response {
        let mut request = http::Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(peer, request).await
    }

    async fn send(&self, peer: &str, request: http::request::Builder) -> Response {
        let address = Addr::SocketAddr(SocketAddr::new(peer.parse().unwrap(), 4711));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let parts = RequestParts::from((parts, LocalAddr::default(), RemoteAddr(address), Scheme::HTTP));
        self.shell.call(Request::from_parts(parts, Body::empty())).await.unwrap()
    }
}

#[tokio::test]
async fn client_that_asks_too_often_is_told_when_to_come_back() {
    let net = Net::new(&["--rate-limit-requests-per-minute=60", "--rate-limit-burst=2"]);

    let first = net.get("203.0.113.9", "/title", &[]).await;
    let second = net.get("203.0.113.9", "/title", &[]).await;
    let third = net.get("203.0.113.9", "/title", &[]).await;

    assert_eq!(first.header("ratelimit-limit"), Some("60"));
    assert_eq!(first.header("ratelimit-remaining"), Some("1"));
    assert_eq!(first.header("ratelimit"), Some(r#""address";r=1;t=1"#));
    assert_eq!(first.header("ratelimit-policy"), Some(r#""address";q=2;w=2"#));
    assert_eq!(second.header("ratelimit-remaining"), Some("0"));
    assert_eq!(second.header("ratelimit"), Some(r#""address";r=0;t=2"#));
    assert_eq!(third.header("ratelimit"), Some(r#""address";r=0;t=1"#));
    assert_eq!(third.header("ratelimit-remaining"), Some("0"));
    assert_eq!(third.header("ratelimit-reset"), Some("1"));
    assert_eq!(third.header("retry-after"), Some("1"));
    assert_error(TestResponse(third), StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED").await;
    assert_eq!(net.get("203.0.113.10", "/title", &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn health_is_never_limited() {
    let net = Net::new(&["--rate-limit-burst=1"]);

    for _ in 0..3 {
        let response = net.get("203.0.113.9", "/live", &[]).await;

        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.header("ratelimit-limit"), None);
        assert_eq!(response.header("ratelimit"), None);
    }
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    let net = Net::new(&["--rate-limit-burst=1", "--trusted-proxies=172.20.0.0/16"]);

    for client in ["203.0.113.1", "203.0.113.2"] {
        let response = net.get("172.20.0.2", "/title", &[("x-forwarded-for", client)]).await;

        assert_eq!(response.status(), StatusCode::OK, "{client}");
    }
    let again = net.get("172.20.0.2", "/title", &[("x-forwarded-for", "6.6.6.6, 203.0.113.1")]).await;
    assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn word_of_anyone_else_does_not_count() {
    let net = Net::new(&["--rate-limit-burst=1", "--trusted-proxies=172.20.0.0/16"]);
    net.get("203.0.113.9", "/title", &[("x-forwarded-for", "1.1.1.1")]).await;

    let again = net.get("203.0.113.9", "/title", &[("x-forwarded-for", "2.2.2.2")]).await;

    assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn users_are_counted_wherever_they_are() {
    let net = Net::new(&["--rate-limit-burst=1"]);
    let request = |id: u64| http::Request::builder().uri("/title").extension(User { id });

    let policy = net.send("203.0.113.1", request(3)).await.header("ratelimit-policy").map(str::to_owned);
    assert_eq!(policy.as_deref(), Some(r#""user";q=1;w=1"#));
    assert_eq!(net.send("203.0.113.1", request(1)).await.status(), StatusCode::OK);
    assert_eq!(net.send("203.0.113.1", request(2)).await.status(), StatusCode::OK);
    assert_eq!(net.send("203.0.113.2", request(1)).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn quotas_of_trusted_clients_and_of_logins_have_their_own_policies() {
    let net = Net::new(&["--trusted-clients=198.51.100.0/24", "--rate-limit-login-burst=1"]);
    let login = || http::Request::builder().method("POST").uri("/public/login.php");

    let trusted = net.get("198.51.100.7", "/title", &[]).await;
    net.send("203.0.113.1", login()).await;
    let refused = net.send("203.0.113.1", login()).await;

    assert_eq!(trusted.header("ratelimit-policy"), Some(r#""trusted";q=600;w=6"#));
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("ratelimit-policy"), Some(r#""login";q=1;w=1"#));
}

#[tokio::test]
async fn limit_of_none_is_no_limit() {
    let net = Net::new(&["--rate-limit-requests-per-minute=0", "--rate-limit-burst=1"]);

    for _ in 0..3 {
        let response = net.get("203.0.113.9", "/title", &[]).await;

        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.header("ratelimit-limit"), None);
        assert_eq!(response.header("ratelimit"), None);
    }
}

#[tokio::test]
async fn real_connection_is_limited_by_its_address() {
    let base = served(shell(&["--rate-limit-burst=1"], &Demo::default())).await;

    let first = reqwest::get(format!("{base}/title")).await.unwrap().status();
    let second = reqwest::get(format!("{base}/title")).await.unwrap().status();

    assert_eq!((first.as_u16(), second.as_u16()), (200, 429));
}

#[tokio::test(start_paused = true)]
async fn request_that_takes_too_long_is_given_up() {
    let net = Net::new(&["--request-timeout=3"]);

    let response = net.get("203.0.113.9", "/slow", &[]).await;

    assert_eq!(response.header("retry-after"), Some("1"));
    assert_error(TestResponse(response), StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE").await;
}
