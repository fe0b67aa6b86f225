//! Cache poisoning: a request of one client must not change the responses for other clients.

use std::fs;

use poem::{
    Endpoint, Request, Server,
    listener::{Acceptor as _, Listener as _, TcpListener},
};

use super::proxy::{BackEnds, Proxy, RawResponse, connect, request};
use crate::support::{Response, Service, eventually};

/// Size of a response of [`Large`].
const LARGE: usize = 64 * 1024;

/// A back end with large, cacheable responses that vary by `Origin`.
struct Large;

impl Endpoint for Large {
    type Output = poem::Response;

    async fn call(&self, _: Request) -> poem::Result<poem::Response> {
        let response =
            poem::Response::builder().header("cache-control", "public, max-age=60").header("vary", "Origin");
        Ok(response.body(vec![b'x'; LARGE]))
    }
}

fn proxy_for(service: &Service) -> Option<Proxy> {
    Proxy::start(&BackEnds::instances(&service.origin, &service.origin))
}

/// Returns the total size of the files below `directory`.
fn size_of(directory: &std::path::Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        // nginx has removed the file.
        Err(_) => 0,
    });
    sizes.sum()
}

#[tokio::test]
async fn other_spelling_does_not_change_a_cached_response() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = proxy_for(&service) else { return };
    let base = "/api/anilibria/v2";

    for (client, (spelling, address)) in (1..).zip([
        (format!("{base}/titles%2F78"), format!("{base}/titles/78")),
        (format!("{base}/titles/78."), format!("{base}/titles/78")),
        (format!("{base}/titles/%378/"), format!("{base}/titles/78")),
        (format!("{base}//popular"), format!("{base}/popular")),
        (format!("{base}/Popular"), format!("{base}/popular")),
        (format!("{base}/search%3Fq=sword&limit=5"), format!("{base}/search?q=sword&limit=5")),
        (format!("{base}/search?q=sword%26limit=5"), format!("{base}/search?q=sword&limit=5")),
        (format!("{base}/search?q=sword&limit=0#"), format!("{base}/search?q=sword&limit=0")),
        (format!("{base}/x/../genres"), format!("{base}/genres")),
        (format!("{base}/x/%2e%2e/genres"), format!("{base}/genres")),
        (format!("{base}/genres%00"), format!("{base}/genres")),
        ("/v3/title%3Fid=78".to_owned(), "/v3/title?id=78".to_owned()),
        ("/v3%2Fyears".to_owned(), "/v3/years".to_owned()),
        ("/V3/years".to_owned(), "/v3/years".to_owned()),
    ]) {
        let direct =
            RawResponse::to(connect(&service.origin, client, None).await, &request("GET", &address, &[]))
                .await;
        proxy.raw(client, &spelling, &[]).await;

        let response = proxy.raw(client + 100, &address, &[]).await;

        assert_eq!(response.status, direct.status, "{address} after {spelling}");
        assert_eq!(
            response.header("content-type"),
            direct.header("content-type"),
            "{address} after {spelling}"
        );
    }
}

#[tokio::test]
async fn cached_response_matches_origin_and_encoding() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = proxy_for(&service) else { return };

    // The service adds `X-API-Version` to `Vary` of a path without a version.
    for (client, (target, version)) in
        (1..).zip([("/api/anilibria/v2/titles?limit=5", None), ("/api/anilibria/titles?limit=5", Some("v2"))])
    {
        let with = |headers: &[(&'static str, &'static str)]| {
            let version = version.map(|version| ("x-api-version", version));
            headers.iter().copied().chain(version).collect::<Vec<_>>()
        };
        let permitted = [("origin", "http://localhost:3000"), ("accept-encoding", "gzip")];
        let first = proxy.raw(client, target, &with(&permitted)).await;

        let plain = proxy.raw(client, target, &with(&[])).await;
        let other = proxy.raw(client, target, &with(&[("origin", "https://evil.example")])).await;

        assert_eq!(first.header("access-control-allow-origin"), "http://localhost:3000", "{target}");
        assert_eq!(first.header("content-encoding"), "gzip", "{target}");
        for response in [plain, other] {
            assert_eq!(response.header("access-control-allow-origin"), "", "{target}");
            assert_eq!(response.header("content-encoding"), "", "{target}");
            assert_eq!(response.status, 200, "{target}");
        }
    }
}

#[tokio::test]
async fn public_response_of_v3_is_cached_once_for_all_origins() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = proxy_for(&service) else { return };
    let target = "/v3/genres";

    let in_session =
        proxy.raw(1, target, &[("cookie", "PHPSESSID=x"), ("origin", "https://a.example")]).await;
    let first = proxy.raw(2, target, &[]).await;
    let other = proxy.raw(3, target, &[("origin", "https://a.example")]).await;
    let listed = proxy.raw(4, target, &[("origin", "http://localhost:3000")]).await;

    assert_eq!(in_session.header("access-control-allow-origin"), "");
    for response in [&first, &other, &listed] {
        assert_eq!((response.status, response.header("access-control-allow-origin")), (200, "*"));
    }
    assert_eq!(other.header("x-cache-status"), "HIT");
    assert_eq!(listed.header("x-cache-status"), "HIT");
}

#[tokio::test]
async fn feed_with_one_host_is_not_served_to_another() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = proxy_for(&service) else { return };
    let target = "/v3/torrent/rss?rss_type=json&limit=1";

    for (client, host) in (1..).zip(["evil.example", "anime.example"]) {
        let response = Response::to(proxy.request(client, target).header("host", host)).await;

        assert_eq!(response.json()["feed_url"], format!("http://{host}{target}"));
    }
}

#[tokio::test]
async fn duplicate_slashes_do_not_change_the_response() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = proxy_for(&service) else { return };

    for (client, (duplicated, plain)) in (1..).zip([
        ("//v3//title?id=1", "/v3/title?id=1"),
        ("/v3.1//getTitle?id=1", "/v3.1/title?id=1"),
        ("//public/torrent/download.php?id=10004", "/public/torrent/download.php?id=10004"),
        ("//storage//a.jpg", "/storage/a.jpg"),
    ]) {
        let [duplicated, plain] =
            [proxy.raw(client, duplicated, &[]).await, proxy.raw(client, plain, &[]).await];

        assert!(plain.status < 400, "{}", plain.status);
        assert_eq!(
            (duplicated.status, duplicated.header("location")),
            (plain.status, plain.header("location"))
        );
        assert_eq!(duplicated.body, plain.body);
    }
}

#[tokio::test]
async fn not_found_of_an_unknown_path_is_not_cached() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = proxy_for(&service) else { return };

    for (client, target) in (1..).zip([
        "/api/anilibria/v2/no/such/path",
        "/api/anilibria/v2/titles/78/nothing",
        "/v3/no/such/path",
    ]) {
        proxy.raw(client, target, &[]).await;
        let response = proxy.raw(client, target, &[]).await;

        assert_eq!((response.status, response.header("cache-control")), (404, "no-store"), "{target}");
        assert_eq!(response.header("x-cache-status"), "MISS", "{target}");
    }
}

#[tokio::test]
async fn response_in_a_session_is_not_cached_for_any_spelling() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = proxy_for(&service) else { return };

    for spelling in ["session=a1", "sessio%6e=a1", "%73ession=a1&limit=1"] {
        for _ in 0..2 {
            let response = proxy.raw(1, &format!("/v3/torrent/rss?{spelling}"), &[]).await;

            assert_eq!((response.status, response.header("cache-control")), (401, "no-store"), "{spelling}");
            assert_ne!(response.header("x-cache-status"), "HIT", "{spelling}");
        }
    }
    assert_eq!(proxy.raw(1, "/v3/torrent/rss", &[]).await.status, 200);
}

#[tokio::test]
async fn cache_size_is_limited_for_arbitrary_headers() {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let origin = format!("http://{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
    tokio::spawn(Server::new_with_acceptor(acceptor).run(Large));
    let Some(proxy) = Proxy::start(&BackEnds::instances(&origin, &origin)) else { return };
    proxy.edit("cache_path.conf", |text| text.replace("max_size=512m", "max_size=1m"));
    let cache = proxy.directory().join("anilibria");

    for client in 1..=100 {
        let site = format!("https://{client}.example");
        proxy.raw(client, "/api/anilibria/v2/titles", &[("origin", &site)]).await;
    }

    // nginx checks the size every ten seconds. The directory contains the configuration as well.
    eventually("a cache within its maximum size", async || {
        (size_of(&cache) < (1 << 20) + 4 * LARGE as u64).then_some(())
    })
    .await;
}
