//! The SDK's own client of the WebSocket, against the service.

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
    socket::{publish_episode, watching},
    support::{Service, binary},
    tls::TlsFront,
};

/// What comes at all comes much sooner, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the client that is a process of its own connects to.
const URL: &str = "LIVE_CLIENT_TEST_URL";

/// A client of the service at `url`, from now on, that is soon back.
fn client(url: &str) -> LiveBuilder {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let soon = RetryPolicy::exponential().max_retries(u32::MAX);
    let soon = soon.first_delay(Duration::from_millis(50)).max_delay(Duration::from_millis(200));
    Live::builder(url).kinds([Kind::NewEpisode]).since(format!("{now:013}-0000")).retry(soon)
}

/// The next episode, whatever the connection goes through meanwhile. Nothing else may come.
async fn next_episode(live: &mut Live) -> EpisodeChange {
    loop {
        match timeout(PATIENCE, live.next()).await.unwrap().unwrap() {
            Ok(Event::NewEpisode(event)) => return event,
            Ok(other) => panic!("not an episode: {other:?}"),
            Err(error) => eprintln!("{error}"),
        }
    }
}

/// Publishes the next episode of release 7; tells its number.
async fn publish(sandbox: &Service) -> f64 {
    publish_episode(sandbox, 7).await["ordinal"].as_f64().unwrap()
}

#[tokio::test]
async fn client_is_told_of_an_episode_and_of_what_it_follows() {
    let service = Service::sandbox(&[], &[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
    watching(&service).await;
    let mut live = client(&service.origin).kinds([]).follow(7).build().unwrap();

    publish_episode(&service, 8).await;
    let ordinal = publish(&service).await;

    let event = next_episode(&mut live).await;
    assert_eq!((event.release_id.get(), event.ordinal.get()), (7, ordinal));
    assert!(event.title.is_some() && event.poster.is_some() && event.at.is_some(), "{event:?}");
    assert_eq!(live.cursor(), event.id.as_ref());
}

#[tokio::test]
async fn client_loses_nothing_and_hears_nothing_twice_when_a_service_that_shares_redis_is_killed() {
    let Some(redis) = RedisServer::start() else { return };
    goes_on(&[("REDIS_URL", &redis.url())]).await;
}

#[tokio::test]
async fn client_loses_nothing_and_hears_nothing_twice_when_a_service_that_is_alone_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    goes_on(&[("CACHE_DIR", directory.path().to_str().unwrap())]).await;
}

/// Kills the service again and again, before, while and after it tells of something.
async fn goes_on(variables: &[(&str, &str)]) {
    let upstream = Service::upstream();
    let start = |port: &str| {
        let mut command = binary(&["--port", port]);
        command.env("ANILIBRIA_API_URL", format!("{}/api/v1", upstream.origin));
        command.envs([("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
        command.envs(variables.iter().copied());
        Service::start(command)
    };
    let mut service = start("0");
    watching(&service).await;
    let (_, port) = service.origin.rsplit_once(':').map(|(host, port)| (host, port.to_owned())).unwrap();
    let mut live = client(&service.origin).build().unwrap();
    let mut published = vec![publish(&upstream).await];
    let mut heard = vec![next_episode(&mut live).await];

    for moment in [0, 400, 800] {
        published.push(publish(&upstream).await);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        service.kill();
        published.push(publish(&upstream).await);
        service = start(&port);
        published.push(publish(&upstream).await);
        while heard.len() < published.len() {
            heard.push(next_episode(&mut live).await);
        }
    }

    let ordinals: Vec<_> = heard.iter().map(|event| event.ordinal.get()).collect();
    assert_eq!(ordinals, published);
    let ids: Vec<&EventId> = heard.iter().filter_map(|event| event.id.as_ref()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

/// Not a test: the client that another test runs, with certificates of its own to trust. It says what it hears first.
#[tokio::test]
#[ignore = "is run by another test, as a process of its own"]
async fn hear_of_one_episode() {
    let Ok(url) = std::env::var(URL) else { return };
    let mut live = Live::builder(url).kinds([Kind::NewEpisode]).since("0000000000000-0000");
    live = live.retry(RetryPolicy::exponential().max_retries(0));
    let mut live = live.build().unwrap();
    loop {
        match live.next().await.unwrap() {
            Ok(Event::NewEpisode(event)) => return println!("\nheard of {}", event.ordinal),
            Ok(_) => {}
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        }
    }
}

#[tokio::test]
async fn client_speaks_tls_with_a_service_whose_certificate_it_trusts_and_with_no_other() {
    let service = Service::sandbox(&[], &[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]);
    watching(&service).await;
    let mut live = client(&service.origin).build().unwrap();
    let ordinal = publish(&service).await;
    next_episode(&mut live).await;
    let Some(front) = TlsFront::start(&service.origin).await else { return };
    let hear = async |authorities: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "live_client::hear_of_one_episode", "--nocapture"]);
        command.env(URL, format!("wss://localhost:{}", front.port())).env("SSL_CERT_FILE", authorities);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    };

    let (is_heard, text) = hear(front.authority().to_str().unwrap()).await;
    assert!(is_heard && text.contains(&format!("\nheard of {ordinal}\n")), "{text}");

    let foreign = TlsFront::start(&service.origin).await.unwrap();
    let (is_heard, text) = hear(foreign.authority().to_str().unwrap()).await;
    assert!(!is_heard && text.contains("InvalidCertificate"), "{text}");
}
