//! State of the stand-in.

use std::{
    collections::{HashSet, VecDeque, hash_map::RandomState},
    hash::BuildHasher,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::TryStreamExt;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::broadcast;

use crate::{
    Client, Result,
    model::{Ordinal, ReleaseId},
    sandbox::Sandbox,
    v3::{
        Mapping,
        model::{Episode, Franchise, Hls, Playlist, Title, Video},
    },
};

/// Number of titles.
const TITLES: u32 = 60;

/// Maximum number of recorded requests.
const MAX_LOG: usize = 1000;

/// Maximum number of notifications that wait for a slow subscriber.
const MAX_NOTIFICATIONS: usize = 1024;

/// Maximum number of sessions. All sessions end when a login exceeds it.
const MAX_SESSIONS: usize = 100;

/// Login and password of the only user.
pub(super) const USER: &str = "demo";

/// A message to all subscribers.
#[derive(Clone, Debug)]
pub(super) enum Signal {
    /// A notification.
    Notification(Arc<Value>),
    /// The end of the connection.
    Disconnect,
}

/// State of the stand-in, and a log of its requests.
pub(super) struct State {
    titles: RwLock<Vec<Title>>,
    pub(super) franchises: Vec<Franchise>,
    pub(super) videos: Vec<Video>,
    account: Mutex<Account>,
    log: Mutex<VecDeque<String>>,
    random_steps: AtomicUsize,
    pub(super) notifications: broadcast::Sender<Signal>,
}

/// A published episode, and the data of its notification.
pub(super) struct Published {
    pub(super) episode: Ordinal,
    pub(super) data: Value,
}

/// Account of the user.
#[derive(Debug, Default)]
pub(super) struct Account {
    sessions: HashSet<String>,
    /// Favorites in the order in which they were added.
    pub(super) favorites: Vec<ReleaseId>,
}

impl State {
    /// Loads the titles, franchises and videos of a sandbox.
    pub(super) async fn load() -> Result<Self> {
        let sandbox = Sandbox::builder().releases(TITLES).build().start().await;
        let sandbox = sandbox.map_err(|error| crate::Error::Connect {
            host: String::new(),
            source: std::sync::Arc::new(error),
        })?;
        let client = Client::builder().mirror(sandbox.api_url()).build()?;
        let mut franchises = Vec::new();
        for franchise in client.franchises().list().await? {
            franchises.push(client.franchises().get(franchise.id).await?);
        }
        let ids: Vec<_> =
            client.catalog().releases().items().map_ok(|release| release.id).try_collect().await?;
        let releases = client.releases().many(ids).await?;
        let belongs = |id: ReleaseId| {
            let has = move |franchise: &&crate::model::Franchise| {
                franchise.franchise_releases.iter().flatten().any(|release| release.release_id == id)
            };
            franchises.iter().filter(has).cloned().collect::<Vec<_>>()
        };
        let title =
            |release: &crate::model::Release| Mapping::new(release).franchises(&belongs(release.id)).title();
        let mut titles: Vec<_> = releases.iter().map(title).collect();
        titles.sort_by_key(|title| title.id);
        let videos = client.media().videos().limit(20).await?;
        Ok(Self {
            titles: RwLock::new(titles),
            franchises: franchises.iter().map(Franchise::from).collect(),
            videos: videos.iter().map(Video::from).collect(),
            account: Mutex::default(),
            log: Mutex::default(),
            random_steps: AtomicUsize::new(0),
            notifications: broadcast::Sender::new(MAX_NOTIFICATIONS),
        })
    }

    pub(super) fn titles(&self) -> RwLockReadGuard<'_, Vec<Title>> {
        self.titles.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the next episode to a title. Returns `None` if there is no such title.
    pub(super) fn publish(&self, id: ReleaseId) -> Option<Published> {
        let mut titles = self.titles.write().unwrap_or_else(PoisonError::into_inner);
        let title = titles.iter_mut().find(|title| title.id == id)?;
        let mut episodes = title.player.list.as_slice().to_vec();
        let number = Ordinal(episodes.last().map_or(0.0, |last| last.episode.get().floor()) + 1.0);
        let stream = |quality: &str| Some(format!("/videos/media/ts/{id}/{number}/{quality}/a.m3u8"));
        let now = OffsetDateTime::now_utc();
        let episode = Episode {
            episode: number,
            created_timestamp: Some(now),
            hls: Hls { fhd: stream("1080"), hd: stream("720"), sd: stream("480") },
            ..Episode::default()
        };
        episodes.push(episode.clone());
        title.player.list = Playlist::new(episodes);
        title.player.episodes.last = Some(number);
        title.updated = Some(now);
        let before = json!({"list": {number.to_string(): {"hls": {"fhd": null, "hd": null, "sd": null}}}});
        let data = json!({
            "id": id, "player": title.player, "updated_episode": episode, "episode": number.to_string(),
            "diff": before, "reupload": false,
        });
        Some(Published { episode: number, data })
    }

    /// Returns the account if `session` is a valid session.
    pub(super) fn account(&self, session: &str) -> Option<MutexGuard<'_, Account>> {
        Some(self.lock_account()).filter(|account| account.sessions.contains(session))
    }

    /// Creates a session and returns its id.
    pub(super) fn log_in(&self) -> String {
        // Each `RandomState` has different keys, so every hash is a random number.
        let random = || format!("{:016x}", RandomState::new().hash_one(()));
        let session = format!("{}{}", random(), random());
        let mut account = self.lock_account();
        if account.sessions.len() >= MAX_SESSIONS {
            account.sessions.clear();
        }
        account.sessions.insert(session.clone());
        session
    }

    /// Returns another title each time.
    pub(super) fn random_title(&self) -> Option<Title> {
        let titles = self.titles();
        // A step without a common divisor with the number of titles leads to each title.
        let place = self.random_steps.fetch_add(7, Ordering::Relaxed) % titles.len().max(1);
        titles.get(place).cloned()
    }

    pub(super) fn log(&self, request: String) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() >= MAX_LOG {
            log.pop_front();
        }
        log.push_back(request);
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn lock_account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
