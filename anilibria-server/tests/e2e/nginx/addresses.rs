//! A request has the same status through nginx as directly.

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

use super::front::{Behind, Front, connect, request};
use crate::support::Service;

const CASES: u32 = 300;

/// Addresses of every location. Not `/health`, which is nginx's own, nor those that it hides: `internal`, `metrics`, `sandbox`.
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

/// Other spellings of a segment `{}`.
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
struct Asked {
    method: &'static str,
    target: String,
    headers: &'static [(&'static str, &'static str)],
}

fn asked() -> impl Strategy<Value = Asked> {
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
            *segment = spelled(segment, spelling);
        }
        Asked { method, target: format!("/{}{query}", segments.join("/")), headers }
    })
}

fn spelled(segment: &str, spelling: &str) -> String {
    let mut escaped = String::new();
    for byte in segment.bytes() {
        write!(escaped, "%{byte:02x}").unwrap();
    }
    let spelling = spelling.replace("{upper}", &segment.to_uppercase()).replace("{escaped}", &escaped);
    spelling.replace("{}", segment)
}

/// The status of the answer. The body is not read: an event stream has no end.
async fn status(origin: &str, client: u16, asked: &Asked) -> u16 {
    let mut stream = connect(origin, client, None).await;
    stream.write_all(request(asked.method, &asked.target, asked.headers).as_bytes()).await.unwrap();
    let mut line = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line).await.unwrap();
    std::str::from_utf8(&line[9..]).unwrap().parse().unwrap()
}

#[test]
fn any_spelling_of_an_address_has_the_same_status_through_nginx_as_directly() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = Service::sandbox(&[], &[]);
    // Whichever location nginx chooses, the request reaches the service.
    let origin = service.origin.as_str();
    let Some(front) = Front::start(&Behind { instances: [origin; 2], node: origin, site: origin }) else {
        return;
    };
    let through_nginx = front.origin();
    // nginx limits the requests of one address.
    let client = AtomicU16::new(1);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));

    let result = runner.run(&asked(), |asked| {
        let client = client.fetch_add(1, Ordering::Relaxed);
        let (direct, fronted) = runtime.block_on(async {
            (status(origin, client, &asked).await, status(&through_nginx, client, &asked).await)
        });
        prop_assert_eq!(fronted, direct);
        Ok(())
    });

    result.unwrap_or_else(|error| panic!("{error}"));
}
