//! A store for tests that fails, hangs, is slow and counts calls.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use anilibria_cache::{Entry, Error, Invalidation, MemoryStore, Result, Store, StoreStats};
use async_trait::async_trait;
use tokio::{sync::Semaphore, task::yield_now};

use super::MIB;

/// Operation of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    Set,
    Invalidate,
    Ping,
}

/// Behaviour of an operation.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// The operation succeeds.
    Succeed,
    /// The store cannot be reached.
    Fail,
    /// The operation never ends.
    Hang,
    /// The stored bytes cannot be decoded as an entry.
    Corrupt,
    /// The store rejects the entry.
    Reject,
    /// The operation begins when the gate is opened.
    Before(Arc<Semaphore>),
    /// The operation takes effect at once and returns when the gate is opened.
    After(Arc<Semaphore>),
}

/// A store without `get_now`, with a configurable behaviour of each operation. Clones share entries and behaviour.
#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) store: MemoryStore,
    script: Arc<Script>,
}

struct Script {
    acts: Mutex<[Behaviour; 4]>,
    calls: [AtomicU64; 4],
    shared: bool,
}

/// Returns a closed gate.
pub(crate) fn gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

impl Scripted {
    /// Creates a store that succeeds and that one cache uses.
    pub(crate) fn new() -> Self {
        Self::with(MemoryStore::new(64 * MIB), false)
    }

    /// Creates a store that succeeds and that several caches use, each through a separate [view](Self::view).
    pub(crate) fn shared() -> Self {
        Self::with(MemoryStore::new(64 * MIB), true)
    }

    fn with(store: MemoryStore, shared: bool) -> Self {
        let acts =
            Mutex::new([Behaviour::Succeed, Behaviour::Succeed, Behaviour::Succeed, Behaviour::Succeed]);
        Self { store, script: Arc::new(Script { acts, calls: Default::default(), shared }) }
    }

    /// Returns another connection to the same entries, with separate behaviour and counts.
    pub(crate) fn view(&self) -> Self {
        Self::with(self.store.clone(), self.script.shared)
    }

    /// Sets the behaviour of `op`.
    pub(crate) fn on(&self, op: Op, behaviour: Behaviour) {
        self.script.acts.lock().unwrap()[op as usize] = behaviour;
    }

    /// Sets the behaviour of all operations.
    pub(crate) fn on_all(&self, behaviour: &Behaviour) {
        for op in [Op::Get, Op::Set, Op::Invalidate, Op::Ping] {
            self.on(op, behaviour.clone());
        }
    }

    /// Returns the number of handles of this view.
    pub(crate) fn handles(&self) -> usize {
        Arc::strong_count(&self.script)
    }

    /// Returns the number of calls of `op`.
    pub(crate) fn calls(&self, op: Op) -> u64 {
        self.script.calls[op as usize].load(Ordering::SeqCst)
    }

    async fn play<T: Send>(
        &self,
        op: Op,
        key: &str,
        done: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        self.script.calls[op as usize].fetch_add(1, Ordering::SeqCst);
        let behaviour = self.script.acts.lock().unwrap()[op as usize].clone();
        yield_now().await;
        match behaviour {
            Behaviour::Succeed => {}
            Behaviour::Fail => return Err(Error::unavailable("far", "connection refused")),
            Behaviour::Hang => pending().await,
            Behaviour::Corrupt => return Err(Error::corrupt("far", key, "no entry")),
            Behaviour::Reject => return Err(Error::rejected("far", key, "too large")),
            Behaviour::Before(gate) => gate.acquire().await.unwrap().forget(),
            Behaviour::After(gate) => {
                let done = done.await;
                gate.acquire().await.unwrap().forget();
                return done;
            }
        }
        let done = done.await;
        yield_now().await;
        done
    }
}

#[async_trait]
impl Store for Scripted {
    fn name(&self) -> &'static str {
        "far"
    }

    fn is_shared(&self) -> bool {
        self.script.shared
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        self.play(Op::Get, key, self.store.get(key, now)).await
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.play(Op::Set, key, self.store.set(key, entry, now)).await
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        self.play(Op::Invalidate, "", self.store.invalidate(invalidation, now)).await
    }

    async fn ping(&self) -> Result<()> {
        self.play(Op::Ping, "", self.store.ping()).await
    }

    async fn stats(&self) -> Result<StoreStats> {
        self.store.stats().await
    }
}
