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

use super::{ComparedFields, List, ReadFailure};
use crate::node::{self, FALLBACK, NodeError, NodeTitle};

/// Base path of the Node service's API.
const NODE_BASE: &str = "/api/anilibria";

/// Timeout of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum number of attempts of a request that is rejected by a rate limit.
const MAX_ATTEMPTS: u32 = 4;

/// Delay before the second attempt. It doubles with each further attempt.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(5);

/// Number of titles per page, which is the maximum of this service.
const PAGE_SIZE: usize = 100;

/// Number of titles of each list that are compared.
const LIST_SIZE: usize = 20;

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
pub(super) enum ReadOutcome<T> {
    Found(T),
    /// The resource does not exist.
    Absent,
    Failed(ReadFailure),
}

/// Rate-limited client of both services.
pub struct Reader {
    http: Client,
    timeout: Duration,
    node: Target,
    ours: Target,
}

/// Base URL and rate limit of one service.
struct Target {
    /// Base URL without a slash at its end.
    base: String,
    /// Each request waits for the next tick.
    rate_limit: Mutex<Interval>,
}

impl Reader {
    /// Creates a client of the Node service at `node` and this service at `ours`. Each receives at most `per_second`
    /// requests a second, with the timeout `timeout`. Call it within a Tokio runtime.
    pub fn new(node: &Url, ours: &Url, per_second: f64, timeout: Duration) -> anyhow::Result<Self> {
        let delay = Duration::try_from_secs_f64(per_second.recip()).unwrap_or(Duration::from_secs(1));
        let target = |url: &Url, path: &str| {
            let mut rate_limit = interval(delay.max(Duration::from_millis(1)));
            rate_limit.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Target {
                base: format!("{}{path}", url.as_str().trim_end_matches('/')),
                rate_limit: Mutex::new(rate_limit),
            }
        };
        let http = Client::builder()
            .user_agent(concat!("anilibria-server-compare/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { http, timeout, node: target(node, NODE_BASE), ours: target(ours, anilibria_http::BASE) })
    }

    /// Returns the ids of `count` random titles of this service, or of all titles if there are fewer.
    pub async fn sample(&self, count: usize) -> anyhow::Result<Vec<u32>> {
        let page = async |number: usize| {
            let page =
                self.get(Side::Ours, &format!("/titles?sort=id&limit={PAGE_SIZE}&page={number}")).await;
            page.context("the titles of this service cannot be listed")
        };
        let first = page(1).await?;
        let total = first["pagination"]["total"].as_u64().context("the list of titles has no total")?;
        let mut chosen = fastrand::choose_multiple(0..usize::try_from(total)?, count);
        chosen.sort_unstable();
        let mut ids = Vec::with_capacity(chosen.len());
        for indices in chosen.chunk_by(|a, b| a / PAGE_SIZE == b / PAGE_SIZE) {
            let number = indices.first().map_or(0, |index| index / PAGE_SIZE) + 1;
            let titles = if number == 1 { first.clone() } else { page(number).await? };
            let id = |index: &usize| u32::try_from(titles["data"][index % PAGE_SIZE]["id"].as_u64()?).ok();
            ids.extend(indices.iter().filter_map(id));
        }
        Ok(ids)
    }

    /// Reads the title `id` from `side`.
    pub(super) async fn title(&self, side: Side, id: u32) -> ReadOutcome<ComparedFields> {
        let path = match side {
            Side::Node => format!("/{id}"),
            Side::Ours => format!("/titles/{id}"),
        };
        let body = self.get(side, &path).await;
        read_outcome(side, &format!("title {id}"), body, |data| {
            data.is_object().then(|| compared_fields(side, data))?
        })
    }

    /// Reads a list from `side`.
    pub(super) async fn list(&self, side: Side, list: &List) -> ReadOutcome<Vec<ComparedFields>> {
        let path = match (side, list) {
            (_, List::Popular | List::Updates) => format!("/{}?limit={LIST_SIZE}", list.endpoint()),
            (Side::Node, List::Search(query)) => {
                format!("/search?limit={LIST_SIZE}&search={}", percent_encoded(query))
            }
            (Side::Ours, List::Search(query)) => {
                format!("/search?limit={LIST_SIZE}&q={}", percent_encoded(query))
            }
        };
        let body = self.get(side, &path).await;
        read_outcome(side, list.endpoint(), body, |data| {
            data.as_array()?.iter().map(|title| compared_fields(side, title)).collect()
        })
    }

    /// Sends a request to `side`. Retries with backoff after a response with status 429.
    async fn get(&self, side: Side, path: &str) -> Result<Value, NodeError> {
        let target = match side {
            Side::Node => &self.node,
            Side::Ours => &self.ours,
        };
        let mut delay = FIRST_RETRY_DELAY;
        for _ in 1..MAX_ATTEMPTS {
            match self.get_once(target, path).await {
                Err(NodeError::Status { status: 429 }) => sleep(delay).await,
                outcome => return outcome,
            }
            delay *= 2;
        }
        self.get_once(target, path).await
    }

    async fn get_once(&self, target: &Target, path: &str) -> Result<Value, NodeError> {
        target.rate_limit.lock().await.tick().await;
        // Disables the fallback of each service to the other service. Otherwise a service could be compared with itself.
        let request = self.http.get(format!("{}{path}", target.base)).header(FALLBACK, "1");
        let request = request.header(header::ACCEPT, "application/json");
        let response = async { node::response::read_json(request.send().await?).await };
        let limit = self.timeout;
        timeout(limit, response).await.unwrap_or(Err(NodeError::Timeout { after: limit }))
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

/// Converts the response body to an outcome. `read` parses the field `data`; `None` if the data are invalid.
fn read_outcome<T>(
    side: Side,
    resource: &str,
    body: Result<Value, NodeError>,
    read: impl FnOnce(&Value) -> Option<T>,
) -> ReadOutcome<T> {
    let fail = |reason: String| {
        ReadOutcome::Failed(ReadFailure { resource: resource.to_owned(), service: side.name(), reason })
    };
    match body {
        Err(NodeError::Status { status: 404 }) => ReadOutcome::Absent,
        Err(error) => fail(error.to_string()),
        Ok(body) if body["success"] != true => fail("`success` is not `true` in the response".to_owned()),
        Ok(body) => read(&body["data"]).map_or_else(
            || fail("the response has an unknown format or contains a placeholder".to_owned()),
            ReadOutcome::Found,
        ),
    }
}

/// Reads the compared fields of `title`; `None` if the format is unknown, or if `title` is a placeholder that the Node service
/// returns for a title it does not have.
fn compared_fields(side: Side, title: &Value) -> Option<ComparedFields> {
    match side {
        Side::Ours => Some(ComparedFields::of_json(title)),
        Side::Node => {
            let title = NodeTitle::deserialize(title).ok()?;
            (!title.is_placeholder()).then(|| ComparedFields::of_node(&title))
        }
    }
}

fn percent_encoded(query: &str) -> String {
    percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC).to_string()
}
