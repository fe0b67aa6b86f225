//! The WebSocket client of the SDK with the service.

use std::{
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anilibria_client::{
    RetryPolicy,
    live::{EpisodeChange, Event, EventId, Kind, Live, LiveBuilder},
};
use futures::StreamExt as _;
use test_services::RedisServer;
use tokio::time::timeout;

use crate::{
    socket::{publish_episode, wait_for_watcher},
    support::{Service, binary},
    tls::TlsProxy,
};

/// Timeout of an event.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Environment variable with the URL for the client in a separate process.
const URL: &str = "LIVE_CLIENT_TEST_URL";

/// Returns a client of the service at `url` that receives events from now on and reconnects quickly.
fn client(url: &str) -> LiveBuilder {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let soon = RetryPolicy::exponential().max_retries(u32::MAX);
    let soon = soon.first_delay(Duration::from_millis(50)).max_delay(Duration::from_millis(200));
    Live::builder(url).kinds([Kind::NewEpisode]).since(format!("{now:013}-0000")).retry(soon)
}

/// Returns the next episode, across reconnects. Panics on any other event.
async fn next_episode(live: &mut Live) -> EpisodeChange {
    loop {
        match timeout(TIMEOUT, live.next()).await.unwrap().unwrap() {
            Ok(Event::NewEpisode(event)) => return event,
            Ok(other) => panic!("not an episode: {other:?}"),
            Err(error) => eprintln!("{error}"),
        }
    }
}

/// Publishes the next episode of release 7 and returns its number.
async fn publish(sandbox: &Service) -> f64 {
    publish_episode(sandbox, 7).await["ordinal"].as_f64().unwrap()
}

#[tokio::test]
async fn client_receives_episodes_of_followed_titles() {
    let service = Service::sandbox(&[], &[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
    wait_for_watcher(&service).await;
    let mut live = client(&service.origin).kinds([]).follow(7).build().unwrap();

    publish_episode(&service, 8).await;
    let ordinal = publish(&service).await;

    let event = next_episode(&mut live).await;
    assert_eq!((event.release_id.get(), event.ordinal.get()), (7, ordinal));
    assert!(event.title.is_some() && event.poster.is_some() && event.at.is_some(), "{event:?}");
    assert_eq!(live.cursor(), event.id.as_ref());
}

#[tokio::test]
async fn client_receives_every_episode_once_across_kills_with_redis() {
    let Some(redis) = RedisServer::start() else { return };
    check_across_kills(&[("REDIS_URL", &redis.url())]).await;
}

#[tokio::test]
async fn client_receives_every_episode_once_across_kills_without_redis() {
    let directory = tempfile::tempdir().unwrap();
    check_across_kills(&[("CACHE_DIR", directory.path().to_str().unwrap())]).await;
}

/// Kills the service before, during and after the publication of events.
async fn check_across_kills(variables: &[(&str, &str)]) {
    let upstream = Service::upstream();
    let start = |port: &str| {
        let mut command = binary(&["--port", port]);
        command.env("ANILIBRIA_API_URL", format!("{}/api/v1", upstream.origin));
        command.envs([("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
        command.envs(variables.iter().copied());
        Service::start(command)
    };
    let mut service = start("0");
    wait_for_watcher(&service).await;
    let (_, port) = service.origin.rsplit_once(':').map(|(host, port)| (host, port.to_owned())).unwrap();
    let mut live = client(&service.origin).build().unwrap();
    let mut published = vec![publish(&upstream).await];
    let mut received = vec![next_episode(&mut live).await];

    for moment in [0, 400, 800] {
        published.push(publish(&upstream).await);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        service.kill();
        published.push(publish(&upstream).await);
        service = start(&port);
        published.push(publish(&upstream).await);
        while received.len() < published.len() {
            received.push(next_episode(&mut live).await);
        }
    }

    let ordinals: Vec<_> = received.iter().map(|event| event.ordinal.get()).collect();
    assert_eq!(ordinals, published);
    let ids: Vec<&EventId> = received.iter().filter_map(|event| event.id.as_ref()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

/// Not a test, but a client in a separate process with its own trusted certificates. It prints the first episode.
#[tokio::test]
#[ignore = "another test runs it in a separate process"]
async fn print_one_episode() {
    let Ok(url) = std::env::var(URL) else { return };
    let mut live = Live::builder(url).kinds([Kind::NewEpisode]).since("0000000000000-0000");
    live = live.retry(RetryPolicy::exponential().max_retries(0));
    let mut live = live.build().unwrap();
    loop {
        match live.next().await.unwrap() {
            Ok(Event::NewEpisode(event)) => return println!("\nreceived {}", event.ordinal),
            Ok(_) => {}
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        }
    }
}

#[tokio::test]
async fn client_connects_over_tls_only_with_a_trusted_certificate() {
    let service = Service::sandbox(&[], &[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
    wait_for_watcher(&service).await;
    let mut live = client(&service.origin).build().unwrap();
    let ordinal = publish(&service).await;
    next_episode(&mut live).await;
    let Some(proxy) = TlsProxy::start(&service.origin).await else { return };
    let receive = async |authorities: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "live_client::print_one_episode", "--nocapture"]);
        command.env(URL, format!("wss://localhost:{}", proxy.port())).env("SSL_CERT_FILE", authorities);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    };

    let (is_received, text) = receive(proxy.authority().to_str().unwrap()).await;
    assert!(is_received && text.contains(&format!("\nreceived {ordinal}\n")), "{text}");

    let untrusted = TlsProxy::start(&service.origin).await.unwrap();
    let (is_received, text) = receive(untrusted.authority().to_str().unwrap()).await;
    assert!(!is_received && text.contains("InvalidCertificate"), "{text}");
}
