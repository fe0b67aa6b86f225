//! Callers in the background, which must all receive their values.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anilibria_cache::Cache;
use tokio::task::JoinSet;

use super::{
    soon,
    source::{KEYS, Source, key, tag, version_of},
};

const READERS: usize = 4;

/// Tasks that read every key repeatedly until they are stopped.
pub(crate) struct Readers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Calls>,
}

/// Results of the calls of a reader.
#[derive(Debug, Default)]
struct Calls {
    answered: u64,
    failed: Vec<String>,
}

impl Readers {
    pub(crate) fn start(cache: &Cache, source: &Source) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..READERS).map(|first| read(cache.clone(), source.clone(), first, Arc::clone(&stop)));
        Self { stop: Arc::clone(&stop), tasks: tasks.collect() }
    }

    /// Stops the tasks. Asserts that no call returned an error.
    pub(crate) async fn assert_all_answered(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut total = Calls::default();
        while let Some(calls) = soon(self.tasks.join_next()).await {
            let Calls { answered, failed } = calls.unwrap();
            total.answered += answered;
            total.failed.extend(failed);
        }
        assert!(
            total.failed.is_empty() && total.answered > 0,
            "{} answered, {:?}",
            total.answered,
            total.failed
        );
    }
}

async fn read(cache: Cache, source: Source, first: usize, stop: Arc<AtomicBool>) -> Calls {
    let mut calls = Calls::default();
    for turn in first.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let number = turn % KEYS;
        let load = source.clone();
        match soon(cache.get_or_load(&key(number), [tag(number)], move || load.load(number))).await {
            Ok(cached) => {
                version_of(cached.entry(), number);
                calls.answered += 1;
            }
            // A few errors are enough for the message.
            Err(error) if calls.failed.len() < 10 => calls.failed.push(format!("{}: {error:?}", key(number))),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    calls
}
