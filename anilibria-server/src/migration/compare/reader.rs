//! A rate-limited client of both services.

use std::{fmt, time::Duration};

use anyhow::Context as _;
use poem::http::header;
use reqwest::{Client, redirect};
use serde::Deserialize as _;
use serde_json::Value;
use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval, sleep, timeout},
};
use url::Url;

use super::{Facts, List, Unread};
use crate::node::{self, FALLBACK, NodeError, NodeTitle};

/// Base path of the Node service's API.
const NODE_BASE: &str = "/api/anilibria";

/// Timeout of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum number of attempts of a request that is rejected by a rate limit.
const TRIES: u32 = 4;

/// Delay before the second attempt, doubled for each further one.
const PAUSE: Duration = Duration::from_secs(5);

/// Maximum number of titles per page in this service.
const PAGE: usize = 100;

/// Number of titles of a list that are compared.
const LISTED: usize = 20;

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The Node service.
    Node,
    /// This service.
    Ours,
}

impl Side {
    /// Returns the name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "nodejs",
            Self::Ours => "python",
        }
    }
}

/// Outcome of a request.
pub(super) enum Asked<T> {
    Found(T),
    /// The resource does not exist.
    Absent,
    Failed(Unread),
}

/// Rate-limited client of both services.
pub struct Reader {
    http: Client,
    timeout: Duration,
    node: Door,
    ours: Door,
}

/// A service and its rate limit.
struct Door {
    /// Base URL without a slash at its end.
    base: String,
    pace: Mutex<Interval>,
}

impl Reader {
    /// Creates a client of the Node service at `node` and this service at `ours`. Each receives at most `per_second`
    /// requests a second, with the timeout `timeout`. Call it within a Tokio runtime.
    pub fn new(node: &Url, ours: &Url, per_second: f64, timeout: Duration) -> anyhow::Result<Self> {
        let pause = Duration::try_from_secs_f64(per_second.recip()).unwrap_or(Duration::from_secs(1));
        let door = |url: &Url, path: &str| {
            let mut pace = interval(pause.max(Duration::from_millis(1)));
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Door { base: format!("{}{path}", url.as_str().trim_end_matches('/')), pace: Mutex::new(pace) }
        };
        let http = Client::builder()
            .user_agent(concat!("anilibria-server-compare/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { http, timeout, node: door(node, NODE_BASE), ours: door(ours, anilibria_http::BASE) })
    }

    /// Returns the ids of `count` random titles of this service, or of all titles if there are fewer.
    pub async fn sample(&self, count: usize) -> anyhow::Result<Vec<u32>> {
        let page = async |number: usize| {
            let page = self.get(Side::Ours, &format!("/titles?sort=id&limit={PAGE}&page={number}")).await;
            page.context("the titles of this service cannot be listed")
        };
        let first = page(1).await?;
        let total = first["pagination"]["total"].as_u64().context("the list of titles has no total")?;
        let mut chosen = fastrand::choose_multiple(0..usize::try_from(total)?, count);
        chosen.sort_unstable();
        let mut ids = Vec::with_capacity(chosen.len());
        for places in chosen.chunk_by(|a, b| a / PAGE == b / PAGE) {
            let number = places.first().map_or(0, |place| place / PAGE) + 1;
            let titles = if number == 1 { first.clone() } else { page(number).await? };
            let id = |place: &usize| u32::try_from(titles["data"][place % PAGE]["id"].as_u64()?).ok();
            ids.extend(places.iter().filter_map(id));
        }
        Ok(ids)
    }

    /// Reads the title `id` from `side`.
    pub(super) async fn title(&self, side: Side, id: u32) -> Asked<Facts> {
        let path = match side {
            Side::Node => format!("/{id}"),
            Side::Ours => format!("/titles/{id}"),
        };
        let body = self.get(side, &path).await;
        told(side, &format!("title {id}"), body, |data| data.is_object().then(|| facts(side, data))?)
    }

    /// Reads a list from `side`.
    pub(super) async fn list(&self, side: Side, list: &List) -> Asked<Vec<Facts>> {
        let path = match (side, list) {
            (_, List::Popular | List::Updates) => format!("/{}?limit={LISTED}", list.endpoint()),
            (Side::Node, List::Search(words)) => format!("/search?limit={LISTED}&search={}", encoded(words)),
            (Side::Ours, List::Search(words)) => format!("/search?limit={LISTED}&q={}", encoded(words)),
        };
        let body = self.get(side, &path).await;
        told(side, list.endpoint(), body, |data| {
            data.as_array()?.iter().map(|title| facts(side, title)).collect()
        })
    }

    /// Sends a request to `side`. Retries with backoff if the rate limit rejects it.
    async fn get(&self, side: Side, path: &str) -> Result<Value, NodeError> {
        let door = match side {
            Side::Node => &self.node,
            Side::Ours => &self.ours,
        };
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.once(door, path).await {
                Err(NodeError::Status { status: 429 }) => sleep(pause).await,
                outcome => return outcome,
            }
            pause *= 2;
        }
        self.once(door, path).await
    }

    async fn once(&self, door: &Door, path: &str) -> Result<Value, NodeError> {
        door.pace.lock().await.tick().await;
        // Disables the fallback of each service to the other one, which would compare a service with itself.
        let request = self.http.get(format!("{}{path}", door.base)).header(FALLBACK, "1");
        let request = request.header(header::ACCEPT, "application/json");
        let answer = async { node::response::read_json(request.send().await?).await };
        let limit = self.timeout;
        timeout(limit, answer).await.unwrap_or(Err(NodeError::Timeout { after: limit }))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("node", &self.node.base)
            .field("ours", &self.ours.base)
            .finish_non_exhaustive()
    }
}

/// Converts a response to an outcome, with its data parsed by `read`.
fn told<T>(
    side: Side,
    what: &str,
    body: Result<Value, NodeError>,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Asked<T> {
    let fail = |reason: String| Asked::Failed(Unread { what: what.to_owned(), service: side.name(), reason });
    match body {
        Err(NodeError::Status { status: 404 }) => Asked::Absent,
        Err(error) => fail(error.to_string()),
        Ok(body) if body["success"] != true => fail("the answer is no success".to_owned()),
        Ok(body) => read(&body["data"])
            .map_or_else(|| fail("the answer is of another form, or made up".to_owned()), Asked::Found),
    }
}

/// Reads the compared fields of `title`; `None` if the format is unknown, or if the Node service invented the title.
fn facts(side: Side, title: &Value) -> Option<Facts> {
    match side {
        Side::Ours => Some(Facts::of_json(title)),
        Side::Node => {
            let title = NodeTitle::deserialize(title).ok()?;
            (!title.is_placeholder()).then(|| Facts::of_node(&title))
        }
    }
}

fn encoded(words: &str) -> String {
    percent_encoding::utf8_percent_encode(words, percent_encoding::NON_ALPHANUMERIC).to_string()
}
