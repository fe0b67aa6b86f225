//! Quotas of clients, and the timeout of requests.

use std::net::SocketAddr;

use anilibria_http::User;
use poem::{
    Addr, Body, Endpoint as _, Request, RequestParts, Response,
    http::{self, StatusCode, uri::Scheme},
    test::TestResponse,
    web::{LocalAddr, RemoteAddr},
};

use crate::support::{Demo, assert_error, demo_endpoint, serve};

/// Calls an endpoint as if the requests came over a network.
struct Network {
    endpoint: anilibria_server::app::root_endpoint::RootEndpoint,
}

impl Network {
    fn new(flags: &[&str]) -> Self {
        Self { endpoint: demo_endpoint(flags, &Demo::default()) }
    }

    /// Returns the response to a request from `peer` with `headers`.
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
        self.endpoint.call(Request::from_parts(parts, Body::empty())).await.unwrap()
    }
}

#[tokio::test]
async fn client_over_its_quota_is_refused_with_retry_after() {
    let network = Network::new(&["--rate-limit-requests-per-minute=60", "--rate-limit-burst=2"]);

    let first = network.get("203.0.113.9", "/title", &[]).await;
    let second = network.get("203.0.113.9", "/title", &[]).await;
    let third = network.get("203.0.113.9", "/title", &[]).await;

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
    assert_eq!(network.get("203.0.113.10", "/title", &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn health_has_no_rate_limit() {
    let network = Network::new(&["--rate-limit-burst=1"]);

    for _ in 0..3 {
        let response = network.get("203.0.113.9", "/live", &[]).await;

        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.header("ratelimit-limit"), None);
        assert_eq!(response.header("ratelimit"), None);
    }
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_have_own_quotas() {
    let network = Network::new(&["--rate-limit-burst=1", "--trusted-proxies=172.20.0.0/16"]);

    for client in ["203.0.113.1", "203.0.113.2"] {
        let response = network.get("172.20.0.2", "/title", &[("x-forwarded-for", client)]).await;

        assert_eq!(response.status(), StatusCode::OK, "{client}");
    }
    let again = network.get("172.20.0.2", "/title", &[("x-forwarded-for", "6.6.6.6, 203.0.113.1")]).await;
    assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn forwarded_address_from_an_untrusted_peer_is_ignored() {
    let network = Network::new(&["--rate-limit-burst=1", "--trusted-proxies=172.20.0.0/16"]);
    network.get("203.0.113.9", "/title", &[("x-forwarded-for", "1.1.1.1")]).await;

    let again = network.get("203.0.113.9", "/title", &[("x-forwarded-for", "2.2.2.2")]).await;

    assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn quota_of_a_user_is_shared_between_addresses() {
    let network = Network::new(&["--rate-limit-burst=1"]);
    let request = |id: u64| http::Request::builder().uri("/title").extension(User { id });

    let policy = network.send("203.0.113.1", request(3)).await.header("ratelimit-policy").map(str::to_owned);
    assert_eq!(policy.as_deref(), Some(r#""user";q=1;w=1"#));
    assert_eq!(network.send("203.0.113.1", request(1)).await.status(), StatusCode::OK);
    assert_eq!(network.send("203.0.113.1", request(2)).await.status(), StatusCode::OK);
    assert_eq!(network.send("203.0.113.2", request(1)).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn trusted_clients_and_logins_have_own_policies() {
    let network = Network::new(&["--trusted-clients=198.51.100.0/24", "--rate-limit-login-burst=1"]);
    let login = || http::Request::builder().method("POST").uri("/public/login.php");

    let trusted = network.get("198.51.100.7", "/title", &[]).await;
    network.send("203.0.113.1", login()).await;
    let refused = network.send("203.0.113.1", login()).await;

    assert_eq!(trusted.header("ratelimit-policy"), Some(r#""trusted";q=600;w=6"#));
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("ratelimit-policy"), Some(r#""login";q=1;w=1"#));
}

#[tokio::test]
async fn limit_of_zero_disables_the_rate_limit() {
    let network = Network::new(&["--rate-limit-requests-per-minute=0", "--rate-limit-burst=1"]);

    for _ in 0..3 {
        let response = network.get("203.0.113.9", "/title", &[]).await;

        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.header("ratelimit-limit"), None);
        assert_eq!(response.header("ratelimit"), None);
    }
}

#[tokio::test]
async fn connection_is_limited_by_its_peer_address() {
    let base = serve(demo_endpoint(&["--rate-limit-burst=1"], &Demo::default())).await;

    let first = reqwest::get(format!("{base}/title")).await.unwrap().status();
    let second = reqwest::get(format!("{base}/title")).await.unwrap().status();

    assert_eq!((first.as_u16(), second.as_u16()), (200, 429));
}

#[tokio::test(start_paused = true)]
async fn slow_request_times_out() {
    let network = Network::new(&["--request-timeout=3"]);

    let response = network.get("203.0.113.9", "/slow", &[]).await;

    assert_eq!(response.header("retry-after"), Some("1"));
    assert_error(TestResponse(response), StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE").await;
}
