//! Calls of a cache, and the record of their results.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_cache::{Cache, Cached, LoadError, NewValue, Options};
use tokio::time::sleep;

use super::{
    network::SeededRng,
    record::{FreshResult, Record},
    steps::KEYS,
};

/// Maximum time that a loader takes.
const LOAD_DELAY: Duration = Duration::from_millis(200);

/// Parts of a world that a call needs.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) instance: usize,
    pub(crate) cache: Cache,
    pub(crate) record: Arc<Record>,
    pub(crate) random: SeededRng,
    pub(crate) sources: Arc<Mutex<[u64; 4]>>,
    pub(crate) problem: Arc<Mutex<Option<String>>>,
}

impl Call {
    pub(crate) async fn get(self, key: usize, source_is_up: bool) {
        let asked_at = self.record.now();
        let loading = self.clone();
        let loader = move |_| async move { loading.load(key, source_is_up).await };
        let result = self.cache.get_or_load_with(&Options::new(), KEYS[key], tags(key), loader).await;
        match result {
            Ok(cached) => self.received(key, asked_at, &cached),
            // The load of another call, whose source may be down.
            Err(LoadError::Failed(_)) => {}
            Err(error) => {
                self.problem.lock().unwrap().get_or_insert(error.to_string());
            }
        }
    }

    async fn load(self, key: usize, source_is_up: bool) -> Result<NewValue, String> {
        let version = self.sources.lock().unwrap()[key];
        let work = self.record.work_begun(key, version, self.instance, false);
        sleep(self.random.up_to(LOAD_DELAY)).await;
        self.record.work_ended(work);
        if source_is_up { Ok(NewValue::new(version.to_string())) } else { Err("source is down".into()) }
    }

    pub(crate) async fn peek(self, key: usize) {
        let asked_at = self.record.now();
        if let Some(cached) = self.cache.peek(KEYS[key]).await {
            self.received(key, asked_at, &cached);
        }
    }

    pub(crate) async fn set(self, key: usize, change: usize) {
        let version = self.sources.lock().unwrap()[key];
        let work = self.record.work_begun(key, version, self.instance, true);
        self.cache.set(KEYS[key], NewValue::new(version.to_string()).tags(tags(key))).await;
        self.record.change_returned(change);
        self.record.work_ended(work);
    }

    fn received(&self, key: usize, asked_at: Duration, cached: &Cached) {
        if !cached.is_stale() {
            let version = std::str::from_utf8(cached.value()).unwrap().parse().unwrap();
            self.record.received(FreshResult { key, version, instance: self.instance, asked_at });
        }
    }
}

fn tags(key: usize) -> [anilibria_cache::Tag; 2] {
    [format!("number:{}", key % 2).into(), format!("letter:{}", key / 2).into()]
}
