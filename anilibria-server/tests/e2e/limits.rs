//! Limits of requests, bodies, connections and logins, for each client and in total, with the defaults that users have.

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
    support::{Answer, Service, binary},
    token::{SECRET, service_token},
};

/// Maximum time for an answer, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts the service beside its sandbox with the limits that users have, and these variables.
pub(crate) fn limited(variables: &[(&str, &str)]) -> Service {
    let mut command = binary(&["--sandbox", "--port", "0"]);
    command.env_remove("RATE_LIMIT_REQUESTS_PER_MINUTE").envs(variables.iter().copied());
    Service::start(command)
}

/// The address of a client: the whole of 127.0.0.0/8 is this machine.
pub(crate) fn address(client: u8) -> IpAddr {
    Ipv4Addr::new(127, 2, 0, client).into()
}

/// An HTTP client with this address.
pub(crate) fn client(client: u8) -> Client {
    Client::builder().local_address(address(client)).build().unwrap()
}

/// Opens a connection from this address.
pub(crate) async fn connect(service: &Service, client: u8) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(address(client), 0))?;
    socket.connect(service.origin.trim_start_matches("http://").parse().unwrap()).await
}

/// Sends the beginning of a request with a body that does not end.
async fn begin_body(service: &Service, client: u8, path: &str) -> TcpStream {
    let mut stream = connect(service, client).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// A login with a wrong password, by the client with this address.
fn log_in(service: &Service, number: u8) -> RequestBuilder {
    let request = client(number).post(format!("{}/public/login.php", service.origin));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body("mail=demo&passwd=wrong")
}

/// The status of the answer that comes.
async fn status(stream: &mut TcpStream) -> String {
    let mut answer = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).trim_start_matches("HTTP/1.1 ").to_owned()
}

#[tokio::test]
async fn unfinished_body_to_no_route_is_answered_at_once() {
    let service = limited(&[("RATE_LIMIT_REQUESTS_PER_MINUTE", "0")]);

    for path in ["/ws/nothing", "/live/nothing", "/internal/nothing", "/nothing"] {
        let mut stream = begin_body(&service, 1, path).await;
        assert_eq!(status(&mut stream).await, "404", "{path}");
    }
    let mut stream = begin_body(&service, 1, "/titles").await;
    assert_eq!(status(&mut stream).await, "405");
}

#[tokio::test]
async fn paths_that_no_route_serves_are_never_exempt_from_the_rate_limit() {
    let service = limited(&[("RATE_LIMIT_BURST", "2")]);

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
async fn slow_bodies_take_places_of_their_own_client_only() {
    let service = limited(&[
        ("RATE_LIMIT_REQUESTS_PER_MINUTE", "0"),
        ("RATE_LIMIT_LOGIN_PER_MINUTE", "0"),
        ("MAX_CONCURRENT_REQUESTS_PER_CLIENT", "3"),
        // Not even those that are being received take the place of another request.
        ("MAX_CONCURRENT_REQUESTS", "1"),
    ]);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(begin_body(&service, 1, "/public/login.php").await);
    }
    // The service has read the heads of the three once it refuses a fourth.
    let refused = async {
        loop {
            let mut stream = begin_body(&service, 1, "/public/login.php").await;
            match timeout(Duration::from_millis(300), status(&mut stream)).await {
                Ok(status) => break status,
                Err(_) => held.push(stream),
            }
        }
    };

    assert_eq!(timeout(PATIENCE, refused).await.unwrap(), "429");
    let other = client(2).get(format!("{}/genres", service.origin)).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn bodies_are_received_a_bounded_number_at_a_time() {
    let service = limited(&[("RATE_LIMIT_LOGIN_PER_MINUTE", "0"), ("MAX_CONCURRENT_BODIES", "1")]);
    let _held = begin_body(&service, 1, "/public/login.php").await;

    let refused = async {
        loop {
            let answer = log_in(&service, 2).send().await.unwrap();
            if answer.status() == StatusCode::INTERNAL_SERVER_ERROR {
                break answer;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = timeout(PATIENCE, refused).await.unwrap();

    assert_eq!(answer.headers()["retry-after"], "1");
    let read = client(3).get(format!("{}/genres", service.origin)).send().await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
}

#[tokio::test]
async fn one_address_does_not_get_all_connections() {
    let service = limited(&[("MAX_CONNECTIONS", "6"), ("MAX_CONNECTIONS_PER_CLIENT", "4")]);
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
async fn service_with_a_token_has_a_quota_of_its_own() {
    let service = limited(&[("INTERNAL_JWT_SECRET", SECRET)]);
    let token = service_token("nodejs", &["read"]);
    let ask = async |client: &Client, authorization: Option<&str>| {
        let mut request = client.get(format!("{}/video?anime_id=1&episode=1", service.origin));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.send().await.unwrap().status()
    };

    let (node, stranger) = (client(1), client(2));
    let mut of_node = Vec::new();
    for _ in 0..120 {
        of_node.push(ask(&node, Some(&token)).await);
    }
    let of_stranger = join_all((0..40).map(|_| ask(&stranger, None))).await;
    let forged = join_all((0..40).map(|_| ask(&stranger, Some("Bearer x.y.z")))).await;

    assert!(of_node.iter().all(|status| *status == StatusCode::OK));
    assert!(of_stranger.contains(&StatusCode::TOO_MANY_REQUESTS));
    assert!(forged.iter().all(|status| *status == StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(ask(&node, Some(&token)).await, StatusCode::OK);
}

#[tokio::test]
async fn quota_of_a_service_is_told_and_ends() {
    let service = limited(&[
        ("INTERNAL_JWT_SECRET", SECRET),
        ("RATE_LIMIT_SERVICE_PER_MINUTE", "60"),
        ("RATE_LIMIT_SERVICE_BURST", "2"),
    ]);
    let token = service_token("nodejs", &["read"]);
    let ask = async || {
        let answer = service.send_as(&token, Method::GET, "/genres", None).await;
        (answer.status.as_u16(), answer.header("ratelimit-limit").to_owned())
    };

    let answers = [ask().await, ask().await, ask().await];

    assert_eq!(
        answers.map(|(status, limit)| format!("{status} of {limit}")),
        ["200 of 60", "200 of 60", "429 of 60"]
    );
    // Calls that only services may make are not counted at all.
    let internal = service.send_as(&token, Method::GET, "/internal/stats", None).await;
    assert_eq!(internal.status, StatusCode::OK);
}

#[tokio::test]
async fn site_that_renders_pages_itself_is_trusted_by_its_network_or_asks_on_behalf_of_its_visitors() {
    let rendering = format!("{}/32", address(1));
    let service = limited(&[("TRUSTED_CLIENTS", &rendering), ("TRUSTED_PROXIES", "127.2.0.2")]);
    let path = format!("{}/genres", service.origin);

    // Its own requests have the quota of a service.
    let own = join_all((0..60).map(|_| client(1).get(&path).send())).await;
    // Those it passes on count for the visitor it names.
    let proxy = client(2);
    let visitor = |number: usize| proxy.get(&path).header("x-forwarded-for", format!("203.0.113.{number}"));
    let passed_on = join_all((0..60).map(|number| visitor(number % 30 + 1).send())).await;
    let greedy = join_all((0..60).map(|_| visitor(99).send())).await;

    let is_good = |answer: &Result<reqwest::Response, _>| answer.as_ref().unwrap().status() == StatusCode::OK;
    assert!(own.iter().all(is_good));
    assert!(passed_on.iter().all(is_good));
    assert!(!greedy.iter().all(is_good));
}

#[tokio::test]
async fn logins_have_a_limit_of_their_own() {
    let service = limited(&[("RATE_LIMIT_LOGIN_BURST", "2")]);
    let try_to = async |client: u8| Answer::to(log_in(&service, client)).await;

    let (first, second, third) = (try_to(1).await, try_to(1).await, try_to(1).await);

    assert_eq!(
        (first.json()["key"].clone(), second.json()["key"].clone()),
        (json!("wrongPasswd"), json!("wrongPasswd"))
    );
    assert_eq!(
        (third.status, third.json()["key"].clone()),
        (StatusCode::TOO_MANY_REQUESTS, json!("tooMany"))
    );
    assert!(third.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(try_to(2).await.json()["key"], "wrongPasswd");
    let read = client(1).get(format!("{}/genres", service.origin)).send().await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
}

#[tokio::test]
async fn sandbox_in_production_has_no_control() {
    let service = limited(&[("ENVIRONMENT", "production")]);

    for (method, path) in [
        (Method::PUT, "/sandbox/faults"),
        (Method::POST, "/sandbox/reset"),
        (Method::POST, "/sandbox/episodes"),
        (Method::GET, "/sandbox/requests"),
    ] {
        let answer = service.send(method, path, Some(json!({}))).await;
        assert_eq!(answer.error(404), "NOT_FOUND", "{path}");
    }
    service.get("/titles/7").await.good();
}

#[tokio::test]
async fn path_that_proxies_read_in_another_way_is_refused() {
    let service = limited(&[("RATE_LIMIT_REQUESTS_PER_MINUTE", "0")]);

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
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();

        let status = answer.split(' ').nth(1).unwrap();
        assert_eq!(status, expected, "{path}");
        let is_kept = answer.to_lowercase().contains("cache-control: public");
        assert_eq!(is_kept, expected == "200", "{path}: {answer}");
    }
    let missing = service.get("/titles/4000000").await;
    assert_eq!(missing.header("cache-control"), "public, max-age=10");
}

#[tokio::test]
async fn ordinary_clients_are_not_refused() {
    let mut command = binary(&["--sandbox", "--port", "0"]);
    command.env_remove("RATE_LIMIT_REQUESTS_PER_MINUTE");
    command.envs([
        ("CATALOGUE_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "3600"),
        ("INTERNAL_JWT_SECRET", SECRET),
    ]);
    let service = Service::start(command);
    crate::v3_limits::loaded(&service).await;
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
        // As a browser does: all at once.
        let answers =
            join_all(paths.iter().map(|path| client.get(format!("{}{path}", service.origin)).send()));
        for (path, answer) in paths.iter().zip(answers.await) {
            assert_eq!(answer.unwrap().status(), StatusCode::OK, "{path}");
        }
    }
    let token = service_token("nodejs", &["read"]);
    let rendering = (0..200).map(|id| {
        let request = client(9).get(format!("{}/titles/{}", service.origin, id % 12 + 1));
        request.header("authorization", &token).send()
    });
    assert!(join_all(rendering).await.into_iter().all(|answer| answer.unwrap().status() == StatusCode::OK));
}
