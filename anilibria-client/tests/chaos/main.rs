//! Two minutes of calls through three mirrors whose faults change every second.
//!
//! `CHAOS_SECONDS` and `CHAOS_SEED` change the duration and the sequence of faults.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and prints its seed"
)]

mod fault_proxy;
mod log;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_client::{
    Client, Error, RateLimit, Result,
    model::{EpisodeId, Timecode},
    sandbox::Sandbox,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use self::fault_proxy::{Fault, FaultProxy};

const MIRRORS: usize = 3;
const CALLERS: u64 = 6;

/// The deadline of each call.
const DEADLINE: Duration = Duration::from_secs(8);

/// The time that a mirror has been healthy before a call must find it.
const GRACE: Duration = Duration::from_secs(1);

/// The password, passkey and token of the test. None of them may appear in a log line or an error.
const SECRETS: [&str; 2] = ["pass-w0rd-of-the-test", "passkey-of-the-test"];

/// The end of a call.
struct Outcome {
    started: Instant,
    ended: Instant,
    what: &'static str,
    result: Result<(), Error>,
}

/// The times from which and to which each mirror was healthy.
#[derive(Default)]
struct Health(Mutex<[Vec<Period>; MIRRORS]>);

/// A time in which a mirror was healthy. It has no end yet while the mirror is healthy.
type Period = (Instant, Option<Instant>);

impl Health {
    fn set(&self, mirror: usize, is_healthy: bool) {
        let mut periods = self.0.lock().unwrap();
        match periods[mirror].last_mut() {
            Some((_, end @ None)) if !is_healthy => *end = Some(Instant::now()),
            Some((_, None)) => {}
            _ if is_healthy => periods[mirror].push((Instant::now(), None)),
            _ => {}
        }
    }

    /// True if one mirror was healthy during the whole call and the grace before it.
    fn had_healthy_mirror(&self, outcome: &Outcome) -> bool {
        let periods = self.0.lock().unwrap();
        periods.iter().flatten().any(|(start, end)| {
            *start + GRACE <= outcome.started && end.is_none_or(|end| end >= outcome.ended)
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_survive_mirrors_whose_faults_change_every_second() {
    let setting = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (seconds, seed) = (setting("CHAOS_SECONDS", 120), setting("CHAOS_SEED", 2026));
    println!("CHAOS_SECONDS={seconds} CHAOS_SEED={seed}");
    let log = log::capture();
    let sandbox = Sandbox::builder().releases(60).build();
    let service = sandbox.start().await.unwrap();
    let mut proxies = Vec::new();
    for _ in 0..MIRRORS {
        proxies.push(FaultProxy::start(service.api_url()).await);
    }
    let builder = proxies.iter().fold(Client::builder(), |builder, proxy| builder.mirror(proxy.api_url()));
    // The defaults of a user, but for the deadline and a rate that the callers use up.
    let client = builder.timeout(DEADLINE).rate_limit(RateLimit::per_second(200)).build().unwrap();
    client.session().log_in("demo", "demo").await.unwrap();
    let token = client.session().token().await.unwrap().unwrap().expose().to_owned();
    let secrets = [SECRETS[0], SECRETS[1], token.as_str()];

    let health = Arc::new(Health::default());
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(call_until(end, client.clone(), fastrand::Rng::with_seed(seed + caller)));
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let mut second = 0_usize;
    while Instant::now() < end {
        // Ten seconds with a mirror that stays healthy, and five in which all may fail.
        let stays = (second % 15 < 10).then_some(second / 15 % MIRRORS);
        for (index, proxy) in proxies.iter().enumerate() {
            let fault = if stays == Some(index) { Fault::None } else { Fault::random(&mut random) };
            health.set(index, fault == Fault::None);
            proxy.set(fault);
        }
        second += 1;
        sleep(Duration::from_secs(1)).await;
    }
    let outcomes: Vec<_> = callers.join_all().await.into_iter().flatten().collect();

    let mut counts = BTreeMap::<_, [usize; 2]>::new();
    for outcome in &outcomes {
        counts.entry(outcome.what).or_default()[usize::from(outcome.result.is_err())] += 1;
        let Err(error) = &outcome.result else { continue };
        let text = format!("{error} {error:?}");
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
        // The faults include JSON that is not complete, but no response of another shape.
        let is_wrong = match error {
            Error::Decode { source, .. } => source.is_data(),
            error => matches!(error, Error::Unauthorized { .. }),
        };
        assert!(!is_wrong, "{text}");
        let took = outcome.ended - outcome.started;
        assert!(took < DEADLINE + Duration::from_secs(2), "{}: {took:?}", outcome.what);
        // A write whose response was lost is not repeated, and status 429 comes from the service: the call waits, as long as
        // the retry budget lasts, and asks no other mirror.
        let is_final = outcome.what == "save" || matches!(error, Error::RateLimited { .. });
        let may_fail = is_final || !health.had_healthy_mirror(outcome);
        assert!(may_fail, "{} after {took:?} with a healthy mirror: {error}", outcome.what);
    }
    println!("calls (succeeded, failed): {counts:?}");
    assert!(counts.values().all(|[succeeded, _]| *succeeded > 0), "{counts:?}");
    let saved = proxies.iter().flat_map(FaultProxy::saved).collect::<Vec<_>>();
    let repeated: Vec<_> =
        saved.iter().filter(|one| saved.iter().filter(|other| other == one).count() > 1).collect();
    assert!(!saved.is_empty() && repeated.is_empty(), "applied more than once: {repeated:?}");
    let text = log.text();
    assert!(text.contains("mirror failed"), "the log is empty");
    assert!(secrets.iter().all(|secret| !text.contains(secret)), "a secret is in the log");
    // No turn is lost: all are free again after an idle second.
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(client.calls_left(), 200);
    for proxy in &proxies {
        proxy.set(Fault::None);
    }
    sleep(Duration::from_secs(1)).await;
    client.app().status().await.unwrap();
}

/// Makes calls of all kinds until `end`. Some are cancelled.
async fn call_until(end: Instant, client: Client, mut random: fastrand::Rng) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    while Instant::now() < end {
        let started = Instant::now();
        let (what, result) = match random.u8(..6) {
            0 => ("status", client.app().status().await.map(drop)),
            1 => ("release", client.releases().get(random.u32(1..=60)).await.map(drop)),
            2 => ("catalog", client.catalog().releases().page(random.u32(1..=3)).await.map(drop)),
            3 => ("rss", client.torrents().rss().passkey(SECRETS[1]).await.map(drop)),
            4 => {
                // The position of each write is unique, so that a repetition is recognised.
                let at = Duration::from_millis(random.u64(1..1 << 40));
                let stopped = Timecode::stopped(EpisodeId::default(), at);
                ("save", client.views().save([stopped]).await.map(drop))
            }
            _ => {
                let limit = Duration::from_millis(random.u64(..50));
                let _cancelled = tokio::time::timeout(limit, client.app().status()).await;
                continue;
            }
        };
        let result = match result {
            // The sandbox does not know the id, which is a response as well.
            Err(Error::NotFound { .. } | Error::Validation(_)) => Ok(()),
            result => result,
        };
        outcomes.push(Outcome { started, ended: Instant::now(), what, result });
        sleep(Duration::from_millis(random.u64(20..120))).await;
    }
    outcomes
}
