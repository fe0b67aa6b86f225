//! What the stand-in knows.

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

/// How many titles there are.
const TITLES: u32 = 60;

/// How many requests are remembered.
const MAX_LOG: usize = 1000;

/// How many notifications wait for a slow listener.
const MAX_NEWS: usize = 1024;

/// How many sessions there can be at once.
const MAX_SESSIONS: usize = 100;

/// Login and password of the one user.
pub(super) const USER: &str = "demo";

/// A message to all connected listeners.
#[derive(Clone, Debug)]
pub(super) enum Signal {
    /// A notification.
    News(Arc<Value>),
    /// The end of the connection.
    HangUp,
}

/// Everything that the stand-in knows, and what was asked of it.
pub(super) struct World {
    titles: RwLock<Vec<Title>>,
    pub(super) franchises: Vec<Franchise>,
    pub(super) videos: Vec<Video>,
    account: Mutex<Account>,
    log: Mutex<VecDeque<String>>,
    drawn: AtomicUsize,
    pub(super) news: broadcast::Sender<Signal>,
}

/// An episode that came out, and how the service tells of it.
pub(super) struct Published {
    pub(super) episode: Ordinal,
    pub(super) data: Value,
}

/// What belongs to the user.
#[derive(Debug, Default)]
pub(super) struct Account {
    sessions: HashSet<String>,
    /// The first that was added first.
    pub(super) favorites: Vec<ReleaseId>,
}

impl World {
    /// Makes a world of the sandbox's.
    pub(super) async fn make() -> Result<Self> {
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
            drawn: AtomicUsize::new(0),
            news: broadcast::Sender::new(MAX_NEWS),
        })
    }

    pub(super) fn titles(&self) -> RwLockReadGuard<'_, Vec<Title>> {
        self.titles.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the next episode to a title.
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

    /// The account of whoever has this session.
    pub(super) fn account(&self, session: &str) -> Option<MutexGuard<'_, Account>> {
        Some(self.accounts()).filter(|account| account.sessions.contains(session))
    }

    /// A new session.
    pub(super) fn log_in(&self) -> String {
        // Each `RandomState` has different keys, so every hash is a random number.
        let random = || format!("{:016x}", RandomState::new().hash_one(()));
        let session = format!("{}{}", random(), random());
        let mut account = self.accounts();
        if account.sessions.len() >= MAX_SESSIONS {
            account.sessions.clear();
        }
        account.sessions.insert(session.clone());
        session
    }

    /// Another title each time.
    pub(super) fn draw(&self) -> Option<Title> {
        let titles = self.titles();
        // Steps that have no divisor in common with the count lead to all of them.
        let place = self.drawn.fetch_add(7, Ordering::Relaxed) % titles.len().max(1);
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

    fn accounts(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
