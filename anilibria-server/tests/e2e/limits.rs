//! Limits of requests, bodies, connections and logins, per client and in total, with the default settings.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures::future::join_all;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    support::{Response, Service, binary},
    token::{SECRET, service_token},
};

/// Timeout of a response.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Starts the service with its sandbox and the default rate limits, with additional `variables`.
pub(crate) fn service_with_limits(variables: &[(&str, &str)]) -> Service {
    let mut command = binary(&["--sandbox", "--port", "0"]);
    command.env_remove("RATE_LIMIT_REQUESTS_PER_MINUTE").envs(variables.iter().copied());
    Service::start(command)
}

/// Returns the address of a client. All of 127.0.0.0/8 is local.
pub(crate) fn address(client: u8) -> IpAddr {
    Ipv4Addr::new(127, 2, 0, client).into()
}

/// Returns an HTTP client with the address of this client.
pub(crate) fn client(client: u8) -> Client {
    Client::builder().local_address(address(client)).build().unwrap()
}

/// Opens a connection from the address of this client.
pub(crate) async fn connect(service: &Service, client: u8) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(address(client), 0))?;
    socket.connect(service.origin.trim_start_matches("http://").parse().unwrap()).await
}

/// Sends a request with an incomplete body.
async fn send_incomplete(service: &Service, client: u8, path: &str) -> TcpStream {
    let mut stream = connect(service, client).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Returns a login request of this client with a wrong password.
fn log_in(service: &Service, number: u8) -> RequestBuilder {
    let request = client(number).post(format!("{}/public/login.php", service.origin));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body("mail=demo&passwd=wrong")
}

/// Returns the status of the next response.
async fn status(stream: &mut TcpStream) -> String {
    let mut response = [0; 12];
    timeout(TIMEOUT, stream.read_exact(&mut response)).await.unwrap().unwrap();
    String::from_utf8_lossy(&response).trim_start_matches("HTTP/1.1 ").to_owned()
}

#[tokio::test]
async fn unknown_path_is_answered_before_the_end_of_the_body() {
    let service = service_with_limits(&[("RATE_LIMIT_REQUESTS_PER_MINUTE", "0")]);

    for path in ["/ws/nothing", "/live/nothing", "/internal/nothing", "/nothing"] {
        let mut stream = send_incomplete(&service, 1, path).await;
        assert_eq!(status(&mut stream).await, "404", "{path}");
    }
    let mut stream = send_incomplete(&service, 1, "/titles").await;
    assert_eq!(status(&mut stream).await, "405");
}

#[tokio::test]
async fn unknown_paths_are_rate_limited() {
    let service = service_with_limits(&[("RATE_LIMIT_BURST", "2")]);

    for (number, path) in (1..).zip(["/ws/nothing", "/live/nothing", "/internal/nothing"]) {
        let client = client(number);
        let mut last = StatusCode::OK;
        for _ in 0..3 {
            last = client.get(format!("{}{path}", service.origin)).send().await.unwrap().status();
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
}

#[tokio::test]
async fn slow_bodies_use_only_the_slots_of_their_client() {
    let service = service_with_limits(&[
        ("RATE_LIMIT_REQUESTS_PER_MINUTE", "0"),
        ("RATE_LIMIT_LOGIN_PER_MINUTE", "0"),
        ("MAX_CONCURRENT_REQUESTS_PER_CLIENT", "3"),
        // A request takes no slot while its body is received.
        ("MAX_CONCURRENT_REQUESTS", "1"),
    ]);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(send_incomplete(&service, 1, "/public/login.php").await);
    }
    // The service refuses a fourth request as soon as it has read the heads of the three.
    let refused = async {
        loop {
            let mut stream = send_incomplete(&service, 1, "/public/login.php").await;
            match timeout(Duration::from_millis(300), status(&mut stream)).await {
                Ok(status) => break status,
                Err(_) => open.push(stream),
            }
        }
    };

    assert_eq!(timeout(TIMEOUT, refused).await.unwrap(), "429");
    let other = client(2).get(format!("{}/genres", service.origin)).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn number_of_concurrent_bodies_is_limited() {
    let service =
        service_with_limits(&[("RATE_LIMIT_LOGIN_PER_MINUTE", "0"), ("MAX_CONCURRENT_BODIES", "1")]);
    let _open = send_incomplete(&service, 1, "/public/login.php").await;

    let refused = async {
        loop {
            let response = log_in(&service, 2).send().await.unwrap();
            if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
                break response;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let response = timeout(TIMEOUT, refused).await.unwrap();

    assert_eq!(response.headers()["retry-after"], "1");
    let read = client(3).get(format!("{}/genres", service.origin)).send().await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
}

#[tokio::test]
async fn connections_of_one_address_are_limited() {
    let service = service_with_limits(&[("MAX_CONNECTIONS", "6"), ("MAX_CONNECTIONS_PER_CLIENT", "4")]);
    let mut opened = Vec::new();
    for _ in 0..12 {
        opened.push(connect(&service, 1).await.unwrap());
    }

    let other = client(2).get(format!("{}/live", service.origin)).send().await.unwrap();
    let mut closed = 0;
    for stream in &mut opened {
        let read = timeout(Duration::from_millis(200), stream.read(&mut [0; 1])).await;
        closed += usize::from(read.is_ok());
    }

    assert_eq!(other.status(), StatusCode::OK);
    assert_eq!(closed, 8);
}

#[tokio::test]
async fn service_token_has_an_own_quota() {
    let service = service_with_limits(&[("INTERNAL_JWT_SECRET", SECRET)]);
    let token = service_token("nodejs", &["read"]);
    let get = async |client: &Client, authorization: Option<&str>| {
        let mut request = client.get(format!("{}/video?anime_id=1&episode=1", service.origin));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.send().await.unwrap().status()
    };

    let (node, anonymous) = (client(1), client(2));
    let mut node_statuses = Vec::new();
    for _ in 0..120 {
        node_statuses.push(get(&node, Some(&token)).await);
    }
    let anonymous_statuses = join_all((0..40).map(|_| get(&anonymous, None))).await;
    let forged_statuses = join_all((0..40).map(|_| get(&anonymous, Some("Bearer x.y.z")))).await;

    assert!(node_statuses.iter().all(|status| *status == StatusCode::OK));
    assert!(anonymous_statuses.contains(&StatusCode::TOO_MANY_REQUESTS));
    assert!(forged_statuses.iter().all(|status| *status == StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(get(&node, Some(&token)).await, StatusCode::OK);
}

#[tokio::test]
async fn quota_of_a_service_is_in_headers_and_limited() {
    let service = service_with_limits(&[
        ("INTERNAL_JWT_SECRET", SECRET),
        ("RATE_LIMIT_SERVICE_PER_MINUTE", "60"),
        ("RATE_LIMIT_SERVICE_BURST", "2"),
    ]);
    let token = service_token("nodejs", &["read"]);
    let get = async || {
        let response = service.send_as(&token, Method::GET, "/genres", None).await;
        (response.status.as_u16(), response.header("ratelimit-limit").to_owned())
    };

    let responses = [get().await, get().await, get().await];

    assert_eq!(
        responses.map(|(status, limit)| format!("{status} of {limit}")),
        ["200 of 60", "200 of 60", "429 of 60"]
    );
    // Requests to `/internal` are not counted.
    let internal = service.send_as(&token, Method::GET, "/internal/stats", None).await;
    assert_eq!(internal.status, StatusCode::OK);
}

#[tokio::test]
async fn trusted_client_has_a_large_quota_and_trusted_proxy_forwards_addresses() {
    let rendering = format!("{}/32", address(1));
    let service = service_with_limits(&[("TRUSTED_CLIENTS", &rendering), ("TRUSTED_PROXIES", "127.2.0.2")]);
    let path = format!("{}/genres", service.origin);

    // Requests of a trusted client have the quota of a service.
    let own = join_all((0..60).map(|_| client(1).get(&path).send())).await;
    // Requests through a trusted proxy are counted for the forwarded address.
    let proxy = client(2);
    let forwarded = |number: usize| proxy.get(&path).header("x-forwarded-for", format!("203.0.113.{number}"));
    let from_many = join_all((0..60).map(|number| forwarded(number % 30 + 1).send())).await;
    let from_one = join_all((0..60).map(|_| forwarded(99).send())).await;

    let is_good =
        |response: &Result<reqwest::Response, _>| response.as_ref().unwrap().status() == StatusCode::OK;
    assert!(own.iter().all(is_good));
    assert!(from_many.iter().all(is_good));
    assert!(!from_one.iter().all(is_good));
}

#[tokio::test]
async fn logins_have_an_own_limit() {
    let service = service_with_limits(&[("RATE_LIMIT_LOGIN_BURST", "2")]);
    let try_login = async |client: u8| Response::to(log_in(&service, client)).await;

    let (first, second, third) = (try_login(1).await, try_login(1).await, try_login(1).await);

    assert_eq!(
        (first.json()["key"].clone(), second.json()["key"].clone()),
        (json!("wrongPasswd"), json!("wrongPasswd"))
    );
    assert_eq!(
        (third.status, third.json()["key"].clone()),
        (StatusCode::TOO_MANY_REQUESTS, json!("tooMany"))
    );
    assert!(third.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(try_login(2).await.json()["key"], "wrongPasswd");
    let read = client(1).get(format!("{}/genres", service.origin)).send().await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
}

#[tokio::test]
async fn sandbox_has_no_control_routes_in_production() {
    let service = service_with_limits(&[("ENVIRONMENT", "production")]);

    for (method, path) in [
        (Method::PUT, "/sandbox/faults"),
        (Method::POST, "/sandbox/reset"),
        (Method::POST, "/sandbox/episodes"),
        (Method::GET, "/sandbox/requests"),
    ] {
        let response = service.send(method, path, Some(json!({}))).await;
        assert_eq!(response.error(404), "NOT_FOUND", "{path}");
    }
    service.get("/titles/7").await.success();
}

#[tokio::test]
async fn ambiguous_paths_are_refused() {
    let service = service_with_limits(&[("RATE_LIMIT_REQUESTS_PER_MINUTE", "0")]);

    for (path, expected) in [
        ("/api/anilibria/v2/titles%2F7", "404"),
        ("/api/anilibria/v2//popular", "404"),
        ("/api/anilibria/v2/genres.", "404"),
        ("/api/anilibria/v2/GENRES", "404"),
        ("/api/anilibria/v2/x/../genres", "400"),
        ("/api/anilibria/v2/%2e%2e/genres", "400"),
        ("/api/anilibria/v2/genres%", "400"),
        ("/api/anilibria/v2/genres%00", "400"),
        ("/v3/title%3Fid=7", "404"),
        ("/v3/x/../years", "400"),
        ("/api/anilibria/v2/genres", "200"),
    ] {
        let mut stream = connect(&service, 1).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();

        let status = response.split(' ').nth(1).unwrap();
        assert_eq!(status, expected, "{path}");
        let is_public = response.to_lowercase().contains("cache-control: public");
        assert_eq!(is_public, expected == "200", "{path}: {response}");
    }
    let missing = service.get("/titles/4000000").await;
    assert_eq!(missing.header("cache-control"), "public, max-age=10");
}

#[tokio::test]
async fn typical_clients_stay_within_the_limits() {
    let mut command = binary(&["--sandbox", "--port", "0"]);
    command.env_remove("RATE_LIMIT_REQUESTS_PER_MINUTE");
    command.envs([
        ("CATALOGUE_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "3600"),
        ("INTERNAL_JWT_SECRET", SECRET),
    ]);
    let service = Service::start(command);
    crate::v3_limits::wait_for_catalog(&service).await;
    let titles: Vec<_> = (1..=12).map(|id| format!("/api/anilibria/v2/titles/{id}")).collect();
    let ids: Vec<_> = (1..=50).map(|id: u32| id.to_string()).collect();
    let list = format!("/v3/title/list?id_list={}", ids.join(","));
    let page: Vec<&str> = titles
        .iter()
        .map(String::as_str)
        .chain(["/api/anilibria/v2/updates", "/api/anilibria/v2/popular", "/api/anilibria/v2/schedule"])
        .chain(["/api/anilibria/v2/genres", "/api/anilibria/v2/search?q=sword", "/api/anilibria/v2/random"])
        .collect();
    let app = [
        "/v3/title/updates",
        "/v3/title/schedule",
        "/v3/genres",
        "/v3/years",
        "/v3/team",
        "/v3/youtube",
        "/v3/feed",
        "/v3/title/search?search=sword&limit=12",
        "/v3/title/search/advanced?query=%7Bseason.year%7D%20%3E%202000&limit=10",
        &list,
    ];
    let bot =
        ["/v3/title/updates?limit=-1&filter=id,code,names,updated", "/v3/title/changes?limit=-1&filter=id"];
    let reader = ["/v3/torrent/rss", "/v3/torrent/rss?rss_type=atom", "/v3/torrent/rss?rss_type=json"];

    for (number, paths) in (1..).zip([&page[..], &app, &bot, &reader]) {
        let client = client(number);
        // Browsers send these requests concurrently.
        let responses =
            join_all(paths.iter().map(|path| client.get(format!("{}{path}", service.origin)).send()));
        for (path, response) in paths.iter().zip(responses.await) {
            assert_eq!(response.unwrap().status(), StatusCode::OK, "{path}");
        }
    }
    let token = service_token("nodejs", &["read"]);
    let rendering = (0..200).map(|id| {
        let request = client(9).get(format!("{}/titles/{}", service.origin, id % 12 + 1));
        request.header("authorization", &token).send()
    });
    assert!(
        join_all(rendering).await.into_iter().all(|response| response.unwrap().status() == StatusCode::OK)
    );
}
