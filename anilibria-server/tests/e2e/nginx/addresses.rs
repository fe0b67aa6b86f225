//! Property test: a request through nginx has the same status as a direct request.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU16, Ordering},
};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::proxy::{BackEnds, Proxy, connect, request};
use crate::support::Service;

const CASES: u32 = 300;

/// Paths of every location, except for `/health`, which nginx answers, and the hidden `internal`, `metrics` and `sandbox`.
const ADDRESSES: [&str; 28] = [
    "/",
    "/api",
    "/api/auth/login",
    "/api/anilibria",
    "/api/anilibria/events",
    "/api/anilibria/genres",
    "/api/anilibria/titles/78",
    "/api/anilibria/updates",
    "/api/anilibria/v1",
    "/api/anilibria/v1/updates",
    "/api/anilibria/v2",
    "/api/anilibria/v2/docs",
    "/api/anilibria/v2/events",
    "/api/anilibria/v2/genres",
    "/api/anilibria/v2/popular",
    "/api/anilibria/v2/search",
    "/api/anilibria/v2/titles",
    "/api/anilibria/v2/titles/78",
    "/live",
    "/public/login.php",
    "/public/torrent/download.php",
    "/ready",
    "/socket.io/",
    "/storage/x.jpg",
    "/v3/title",
    "/v3/ws",
    "/v3.0/genres",
    "/v3.0/title/list",
];

/// Spellings of a path segment `{}`.
const SPELLINGS: [&str; 24] = [
    "{upper}",
    "{escaped}",
    "{}.",
    ".{}",
    "{}/",
    "/{}",
    "./{}",
    "../{}",
    "x/../{}",
    "%2e/{}",
    "%2E./{}",
    "..%2f{}",
    "{}/..",
    "{}%2F",
    "%2f{}",
    "{}%20",
    "{}%25",
    "{}%3f",
    "{}%23",
    "{}%00",
    "{}%zz",
    "{}%",
    "{};a=1",
    "{}~",
];

const QUERIES: [&str; 16] = [
    "",
    "",
    "",
    "?",
    "??",
    "?limit=5",
    "?limit=0",
    "?q=sword&limit=5",
    "?q=sword%26limit=0",
    "?q=%zz",
    "?q=%00",
    "?id=78",
    "%3fid=78",
    "?x=/../y",
    "#x",
    "?id=78#x",
];

const HEADERS: [&[(&str, &str)]; 2] = [&[], &[("X-API-Version", "v2")]];

#[derive(Clone, Debug)]
struct Target {
    method: &'static str,
    path: String,
    headers: &'static [(&'static str, &'static str)],
}

fn any_target() -> impl Strategy<Value = Target> {
    let spellings = vec((any::<Index>(), select(SPELLINGS.to_vec())), 0..3);
    let parts = (
        select(vec!["GET", "GET", "HEAD"]),
        select(ADDRESSES.to_vec()),
        spellings,
        select(QUERIES.to_vec()),
        select(HEADERS.to_vec()),
    );
    parts.prop_map(|(method, address, spellings, query, headers)| {
        let mut segments: Vec<String> = address.split('/').skip(1).map(str::to_owned).collect();
        for (index, spelling) in spellings {
            let segment = index.get_mut(&mut segments);
            *segment = spell(segment, spelling);
        }
        Target { method, path: format!("/{}{query}", segments.join("/")), headers }
    })
}

fn spell(segment: &str, spelling: &str) -> String {
    let mut escaped = String::new();
    for byte in segment.bytes() {
        write!(escaped, "%{byte:02x}").unwrap();
    }
    let spelling = spelling.replace("{upper}", &segment.to_uppercase()).replace("{escaped}", &escaped);
    spelling.replace("{}", segment)
}

/// Returns the status of the response. The body is not read, because an event stream has no end.
async fn status(origin: &str, client: u16, target: &Target) -> u16 {
    let mut stream = connect(origin, client, None).await;
    stream.write_all(request(target.method, &target.path, target.headers).as_bytes()).await.unwrap();
    let mut line = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line).await.unwrap();
    std::str::from_utf8(&line[9..]).unwrap().parse().unwrap()
}

#[test]
fn status_through_nginx_equals_direct_status() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = Service::sandbox(&[], &[]);
    // The service is behind every location, so that its status does not depend on the chosen location.
    let origin = service.origin.as_str();
    let Some(proxy) = Proxy::start(&BackEnds { instances: [origin; 2], node: origin, site: origin }) else {
        return;
    };
    let through_nginx = proxy.origin();
    // Each request has its own client address, because nginx limits the requests of one address.
    let client = AtomicU16::new(1);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));

    let result = runner.run(&any_target(), |target| {
        let client = client.fetch_add(1, Ordering::Relaxed);
        let (direct, proxied) = runtime.block_on(async {
            (status(origin, client, &target).await, status(&through_nginx, client, &target).await)
        });
        prop_assert_eq!(proxied, direct);
        Ok(())
    });

    result.unwrap_or_else(|error| panic!("{error}"));
}
