//! Outages under load: cached responses are served throughout.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use test_services::{MongoServer, RedisServer};
use tokio::task::JoinSet;

use crate::support::{Service, eventually};

/// Paths whose response is cached before the outages.
const WARM: [&str; 8] = [
    "/titles/1",
    "/titles/2",
    "/titles",
    "/titles?genres=Драма&sort=rating",
    "/search?q=кот",
    "/popular",
    "/schedule",
    "/genres",
];

/// Number of clients that send requests continuously.
const READERS: usize = 16;

/// Duration of each outage, longer than all [`TTLS`].
const OUTAGE: Duration = Duration::from_millis(3500);

/// TTLs that expire during each outage.
const TTLS: [(&str, &str); 3] =
    [("CACHE_TTL_MEMORY", "1"), ("CACHE_TTL_REDIS", "2"), ("CACHE_TTL_DATABASE", "3")];

/// Running readers.
struct Load {
    stop: Arc<AtomicBool>,
    readers: JoinSet<Vec<Outcome>>,
}

/// The outcome of one request under load.
struct Outcome {
    path: &'static str,
    took: Duration,
    /// Error of the request, if it failed.
    fault: Option<String>,
}

impl Load {
    fn on(service: &Service) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut readers = JoinSet::new();
        for number in 0..READERS {
            let (stop, origin) = (Arc::clone(&stop), service.origin.clone());
            readers.spawn(async move {
                let http = reqwest::Client::new();
                let mut outcomes = Vec::new();
                // Each reader starts at another path, so that not all request the same.
                for path in WARM.into_iter().cycle().skip(number) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    outcomes.push(read(&http, &origin, path).await);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                outcomes
            });
        }
        Self { stop, readers }
    }

    /// Stops the readers and returns all outcomes.
    async fn end(self) -> Vec<Outcome> {
        self.stop.store(true, Ordering::Relaxed);
        self.readers.join_all().await.into_iter().flatten().collect()
    }
}

async fn read(http: &reqwest::Client, origin: &str, path: &'static str) -> Outcome {
    let started = Instant::now();
    let fault = match http.get(format!("{origin}/api/anilibria/v2{path}")).send().await {
        Err(error) => Some(error.to_string()),
        Ok(response) => {
            let status = response.status();
            let text = response.text().await.unwrap_or_default();
            let is_good = status.as_u16() == 200 && text.starts_with(r#"{"success":true,"data":"#);
            (!is_good).then(|| format!("{status} {text}"))
        }
    };
    Outcome { path, took: started.elapsed(), fault }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cached_paths_are_served_in_every_outage() {
    let Some((mut redis, mut mongo)) = RedisServer::start().zip(MongoServer::start()) else { return };
    let (url, uri) = (redis.url(), format!("{}site", mongo.uri()));
    let back_ends = [("REDIS_URL", url.as_str()), ("MONGODB_URI", uri.as_str())];
    let service = Service::sandbox(&[], &[&back_ends[..], &TTLS[..]].concat());
    for path in WARM {
        service.get(path).await.success();
    }
    let load = Load::on(&service);
    let outage = || tokio::time::sleep(OUTAGE);

    service.faults(json!({"drop": true})).await;
    outage().await;
    service.faults(json!({})).await;

    redis.kill();
    outage().await;
    redis.restart();

    mongo.kill();
    outage().await;
    mongo.restart();

    redis.freeze();
    mongo.freeze();
    outage().await;
    redis.thaw();
    mongo.thaw();

    service.faults(json!({"status": 503, "error_rate": 1.0})).await;
    redis.kill();
    mongo.kill();
    outage().await;
    service.faults(json!({})).await;
    redis.restart();
    mongo.restart();
    eventually("both back ends are connected again", async || {
        (service.get("/health").await.json()["cache"]["status"] == "connected").then_some(())
    })
    .await;

    let mut outcomes = load.end().await;
    let faults: Vec<_> =
        outcomes.iter().filter_map(|outcome| Some((outcome.path, outcome.fault.as_ref()?))).collect();
    assert!(faults.is_empty(), "{} of {}: {:?}", faults.len(), outcomes.len(), faults.first());
    for path in WARM {
        assert!(outcomes.iter().any(|outcome| outcome.path == path), "{path} was never read");
    }
    outcomes.sort_by_key(|outcome| outcome.took);
    let [p50, p99] = [50, 99].map(|share| outcomes[outcomes.len() * share / 100].took);
    println!("{} requests in outages, p50 {p50:?}, p99 {p99:?}", outcomes.len());
}
