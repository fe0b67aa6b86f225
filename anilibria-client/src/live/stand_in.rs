//! A service that stands in for the real one: what it tells is up to the caller.

mod client;

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{net::TcpListener, sync::broadcast};

use self::client::Client;
use super::event::EventId;
use crate::{
    model::{Ordinal, ReleaseId, ReleaseStatus},
    runtime::Task,
    sandbox::listener::accept,
};

/// How many events it can tell again.
const MAX_KEPT: usize = 1000;

/// How many clients it takes at once; further ones wait.
const MAX_CLIENTS: usize = 100;

/// A service that stands in for the real one on a free port of this machine, for tests and offline work. Stops when it
/// is dropped.
///
/// It tells what it is asked to tell to whoever has subscribed to it, and again to those who missed some of the last
/// 1000 events. It takes any token.
///
/// ```
/// # anilibria_client::offline(|_| async move {
/// use anilibria_client::live::{Event, Kind, Live, StandIn};
/// use futures::StreamExt;
///
/// let service = StandIn::start().await.expect("a free port");
/// let mut live = Live::builder(service.url()).kinds([Kind::NewEpisode]).since(service.present()).build()?;
///
/// service.new_episode(9000, 12.5, "Sword Art Online");
///
/// let Some(Ok(Event::NewEpisode(news))) = live.next().await else { panic!("no episode") };
/// assert_eq!((news.release_id.get(), news.ordinal.get()), (9000, 12.5));
/// # Ok(())
/// # });
/// ```
pub struct StandIn {
    url: String,
    hub: Arc<Hub>,
    _serving: Task<()>,
}

#[derive(Debug)]
struct Hub {
    log: Mutex<Log>,
    news: broadcast::Sender<Signal>,
}

#[derive(Debug, Default)]
struct Log {
    last: u64,
    kept: VecDeque<Arc<Published>>,
}

#[derive(Clone, Debug)]
enum Signal {
    News(Arc<Published>),
    HangUp,
}

#[derive(Debug)]
struct Published {
    id: String,
    kind: &'static str,
    release: ReleaseId,
    text: String,
}

impl StandIn {
    /// Starts it.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let hub = Arc::new(Hub { log: Mutex::default(), news: broadcast::Sender::new(MAX_KEPT) });
        let serve = {
            let hub = hub.clone();
            move |stream| Client::new(hub.clone()).serve(stream, hub.news.subscribe())
        };
        let serving = Task::spawn(accept(listener, MAX_CLIENTS, serve));
        Ok(Self { url, hub, _serving: serving })
    }

    /// Where it is, for [`Live::builder`](super::Live::builder).
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The id of the last event: going on from here tells all that comes after.
    pub fn present(&self) -> EventId {
        id(self.hub.log().last).into()
    }

    /// Tells of an episode that came out.
    pub fn new_episode(&self, release: impl Into<ReleaseId>, ordinal: f64, title: &str) -> EventId {
        let data = json!({"episode": Ordinal(ordinal), "title": title, "episode_name": ""});
        self.hub.publish("new_episode", release.into(), data)
    }

    /// Tells the followers of a release of an episode that has changed.
    pub fn episode_update(&self, release: impl Into<ReleaseId>, ordinal: f64, title: &str) -> EventId {
        let data = json!({"episode": Ordinal(ordinal), "title": title, "episode_name": ""});
        self.hub.publish("episode_update", release.into(), data)
    }

    /// Tells of a new release.
    pub fn new_release(&self, release: impl Into<ReleaseId>, title: &str) -> EventId {
        self.hub.publish("new_title", release.into(), json!({"title": title, "genres": []}))
    }

    /// Tells of a release whose status has changed.
    pub fn status_change(
        &self,
        release: impl Into<ReleaseId>,
        old: ReleaseStatus,
        new: ReleaseStatus,
    ) -> EventId {
        self.hub.publish("status_change", release.into(), json!({"old_status": old, "new_status": new}))
    }

    /// Hangs up on every client, as a network that fails does.
    pub fn hang_up(&self) {
        // Without clients there is nobody to hang up on.
        let _ = self.hub.news.send(Signal::HangUp);
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Ids that sort as text as they do as numbers.
fn id(number: u64) -> String {
    format!("{number:020}")
}

impl Hub {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, kind: &'static str, release: ReleaseId, mut data: Value) -> EventId {
        let mut log = self.log();
        log.last += 1;
        let id = id(log.last);
        data["event_id"] = json!(id);
        data["title_id"] = json!(release);
        data["timestamp"] = json!(OffsetDateTime::now_utc().format(&Rfc3339).ok());
        let text = json!({"type": kind, "data": data}).to_string();
        let published = Arc::new(Published { id, kind, release, text });
        if log.kept.len() >= MAX_KEPT {
            log.kept.pop_front();
        }
        log.kept.push_back(published.clone());
        // Under the lock, so that all get them in order. Without clients it is kept for those to come.
        let _ = self.news.send(Signal::News(published.clone()));
        published.id.as_str().into()
    }

    /// What is kept after `last`, and whether that is all there was.
    fn after(&self, last: &str) -> (Vec<Arc<Published>>, bool) {
        let log = self.log();
        let forgotten = log.last.saturating_sub(log.kept.len() as u64);
        let missed = log.kept.iter().filter(|published| published.id.as_str() > last);
        (missed.cloned().collect(), last >= id(forgotten).as_str())
    }
}
