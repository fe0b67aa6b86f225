//! Backplane between instances with a shared further level and a nearer level each.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_cache::{
    Backplane, Cache, Clock, Error, Invalidation, LocalBackplane, ManualClock, MemoryStore, NewValue,
    Options, Origin, Result, Scope, Signal, Store,
};
use async_trait::async_trait;
use futures::{StreamExt, stream, stream::BoxStream};
use tokio::sync::mpsc;

use super::{
    MIB, SlowLoad, TTL, load,
    scripted::{Behaviour, Op, Scripted, gate},
};

const PROBE: Duration = Duration::from_millis(10);

/// An instance: its cache, its unshared level and its view of the shared level.
struct Instance {
    cache: Cache,
    near: MemoryStore,
    far: Scripted,
    clock: ManualClock,
}

impl Instance {
    fn new(far: Scripted, clock: &ManualClock, backplane: impl Backplane) -> Self {
        let near = MemoryStore::new(64 * MIB);
        let cache = Cache::builder()
            .level(near.clone())
            .probe_every(PROBE)
            .ttl(TTL)
            .level(far.clone())
            .probe_every(PROBE)
            .ttl(TTL)
            .options(Options::new().fail_safe(Duration::from_hours(1)))
            .backplane(backplane)
            .clock(clock.clone())
            .build();
        Self { cache, near, far, clock: clock.clone() }
    }

    /// Returns the fresh value on the unshared level of the instance.
    fn has(&self, key: &str) -> Option<bytes::Bytes> {
        let entry = self.near.get_now(key, self.clock.now())?;
        entry.is_fresh(self.clock.now()).then(|| entry.value().clone())
    }

    /// Waits until the instance has received `messages` messages of other instances.
    async fn until_received(&self, messages: u64) {
        while self.cache.stats().await.backplane.unwrap().received < messages {
            advance_time().await;
        }
        // The last message is applied in the next step of the listener.
        advance_time().await;
    }
}

async fn advance_time() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Returns two instances that have subscribed to the backplane.
async fn pair() -> (Instance, Instance) {
    let (far, clock, backplane) = (Scripted::shared(), ManualClock::default(), LocalBackplane::new());
    let one = Instance::new(far.view(), &clock, backplane.join());
    let other = Instance::new(far.view(), &clock, backplane.join());
    for instance in [&one, &other] {
        load(&instance.cache, "warm up", "value").await;
    }
    (one, other)
}

#[tokio::test(start_paused = true)]
async fn value_set_on_one_instance_is_read_on_another() {
    let (one, other) = pair().await;
    one.cache.set("key", "old").await;
    other.until_received(1).await;
    assert_eq!(load(&other.cache, "key", "loaded").await.value(), "old");

    one.cache.set("key", "new").await;
    other.until_received(2).await;

    let read = load(&other.cache, "key", "loaded").await;
    assert_eq!((&read.value()[..], read.origin()), (&b"new"[..], Origin::Level { index: 1, name: "far" }));
}

#[tokio::test(start_paused = true)]
async fn all_kinds_of_changes_reach_other_instances() {
    for way in ["remove", "expire", "tag", "expire tag", "pattern", "clear"] {
        let (one, other) = pair().await;
        one.cache.set("key", NewValue::new("value").tag("tag")).await;
        other.until_received(1).await;
        load(&other.cache, "key", "loaded").await;
        let before = other.has("key");

        match way {
            "remove" => one.cache.remove("key").await,
            "expire" => one.cache.expire("key").await,
            "tag" => assert_eq!(one.cache.remove_by_tag("tag").await, 1),
            "expire tag" => assert_eq!(one.cache.expire_by_tag("tag").await, 1),
            "pattern" => assert_eq!(one.cache.clear_matching("ke*").await, 1),
            _ => one.cache.clear().await,
        }
        other.until_received(2).await;

        assert!(before.is_some() && other.has("key").is_none(), "{way}");
        assert!(other.cache.peek("key").await.is_none(), "{way}");
        assert_eq!(other.near.get_now("key", other.clock.now()).is_some(), way.contains("expire"), "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn instance_does_not_receive_its_own_messages() {
    let (one, other) = pair().await;

    one.cache.set("key", "value").await;
    other.until_received(1).await;

    assert_eq!(one.has("key").unwrap(), "value");
    let [of_one, of_other] =
        [one.cache.stats().await, other.cache.stats().await].map(|it| it.backplane.unwrap());
    assert_eq!((of_one.sent, of_one.received), (1, 0));
    assert_eq!((of_other.sent, of_other.received), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn received_invalidation_is_not_applied_to_shared_levels() {
    let (one, other) = pair().await;
    let asked = other.far.calls(Op::Invalidate);

    one.cache.remove("key").await;
    other.until_received(1).await;

    assert_eq!(other.far.calls(Op::Invalidate), asked);
}

#[tokio::test(start_paused = true)]
async fn load_is_not_stored_if_an_invalidation_is_received_meanwhile() {
    let (one, other) = pair().await;
    let slow = SlowLoad::begin(&other.cache, "key", Ok("old")).await;

    one.cache.remove("key").await;
    other.until_received(1).await;
    slow.end().await.unwrap();

    assert!(other.cache.peek("key").await.is_none());
    assert!(one.cache.peek("key").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn load_is_revoked_if_an_invalidation_is_received_later() {
    let (backplane, signals) = ScriptedBackplane::new();
    let (far, clock) = (Scripted::shared(), ManualClock::default());
    let it = Instance::new(far, &clock, backplane);
    load(&it.cache, "key", "old").await;
    while it.far.store.get_now("key", clock.now()).is_none() {
        advance_time().await;
    }

    signals.send(Signal::Invalidate(Invalidation::remove(Scope::key("key")))).unwrap();
    it.until_received(1).await;
    advance_time().await;

    let far = it.far.store.get_now("key", clock.now());
    assert!(it.has("key").is_none() && !far.is_some_and(|entry| entry.is_fresh(clock.now())));
}

#[tokio::test(start_paused = true)]
async fn value_read_from_a_shared_level_before_a_change_is_neither_returned_nor_copied() {
    let (one, other) = pair().await;
    one.cache.set("key", "old").await;
    other.until_received(1).await;
    let slow = gate();
    other.far.on(Op::Get, Behaviour::After(Arc::clone(&slow)));
    let asked = other.far.calls(Op::Get);
    let cache = other.cache.clone();
    let reader = tokio::spawn(async move { load(&cache, "key", "new").await });
    while other.far.calls(Op::Get) == asked {
        advance_time().await;
    }
    advance_time().await;

    one.cache.remove("key").await;
    other.until_received(2).await;
    slow.add_permits(1);
    let read = reader.await.unwrap();

    assert_eq!(read.value(), "new");
    assert_eq!(other.near.get_now("key", other.clock.now()).unwrap().value(), "new");
}

#[tokio::test(start_paused = true)]
async fn resync_expires_unshared_levels_and_keeps_values_for_fail_safe() {
    let (backplane, signals) = ScriptedBackplane::new();
    let (far, clock) = (Scripted::shared(), ManualClock::default());
    let it = Instance::new(far.clone(), &clock, backplane);
    it.cache.set("key", "value").await;

    signals.send(Signal::Resync).unwrap();
    while it.cache.stats().await.backplane.unwrap().resyncs == 0 {
        advance_time().await;
    }
    advance_time().await;

    assert!(it.has("key").is_none() && it.near.get_now("key", clock.now()).is_some());
    assert_eq!(load(&it.cache, "key", "loaded").await.origin(), Origin::Level { index: 1, name: "far" });
}

#[tokio::test(start_paused = true)]
async fn failed_publications_are_repeated_in_order() {
    let (backplane, _signals) = ScriptedBackplane::new();
    let sent = Arc::clone(&backplane.0);
    sent.fail_next(3);
    let it = Instance::new(Scripted::shared(), &ManualClock::default(), backplane);

    it.cache.remove("first").await;
    it.cache.remove("second").await;
    it.cache.remove("third").await;
    let waiting = it.cache.stats().await.backplane.unwrap();
    while sent.list().len() < 3 {
        tokio::time::sleep(PROBE).await;
    }
    it.cache.remove("fourth").await;

    assert_eq!((waiting.sent, waiting.waiting), (0, 3));
    let keys = ["first", "second", "third", "fourth"];
    assert_eq!(sent.list(), keys.map(|key| Invalidation::remove(Scope::key(key))));
    let stats = it.cache.stats().await.backplane.unwrap();
    assert_eq!((stats.sent, stats.failures, stats.waiting), (4, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn overflow_of_failed_publications_becomes_one_message_for_all_entries() {
    let (backplane, _signals) = ScriptedBackplane::new();
    let sent = Arc::clone(&backplane.0);
    sent.fail_next(1);
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .probe_every(PROBE)
        .ttl(TTL)
        .log_capacity(2)
        .backplane(backplane)
        .build();

    for key in ["first", "second", "third"] {
        cache.expire(key).await;
    }
    while sent.list().is_empty() {
        tokio::time::sleep(PROBE).await;
    }

    assert_eq!(sent.list()[0], Invalidation::expire(Scope::All));
}

#[tokio::test(start_paused = true)]
async fn recovered_shared_level_expires_the_levels_of_other_instances() {
    let (one, other) = pair().await;
    one.cache.set("key", "old").await;
    other.until_received(1).await;
    one.far.on_all(&Behaviour::Fail);

    one.cache.remove("key").await;
    other.until_received(2).await;
    let old_copy = load(&other.cache, "key", "loaded").await;
    one.far.on_all(&Behaviour::Succeed);
    other.until_received(3).await;

    assert_eq!(old_copy.value(), "old");
    assert!(other.cache.peek("key").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn dropped_cache_unsubscribes() {
    let (backplane, signals) = ScriptedBackplane::new();
    let it = Instance::new(Scripted::shared(), &ManualClock::default(), backplane);
    it.cache.set("key", "value").await;
    let listening = !signals.is_closed();

    drop(it);
    signals.closed().await;

    assert!(listening);
}

/// A backplane that delivers the messages of a test and records the published ones.
struct ScriptedBackplane(Arc<Sent>, Mutex<Option<mpsc::UnboundedReceiver<Signal>>>);

#[derive(Default)]
struct Sent {
    messages: Mutex<Vec<Invalidation>>,
    failures: Mutex<VecDeque<Error>>,
}

impl Sent {
    fn list(&self) -> Vec<Invalidation> {
        self.messages.lock().unwrap().clone()
    }

    fn fail_next(&self, times: usize) {
        let failures = (0..times).map(|_| Error::unavailable("scripted", "connection refused"));
        self.failures.lock().unwrap().extend(failures);
    }
}

impl ScriptedBackplane {
    fn new() -> (Self, mpsc::UnboundedSender<Signal>) {
        let (signals, incoming) = mpsc::unbounded_channel();
        (Self(Arc::default(), Mutex::new(Some(incoming))), signals)
    }
}

#[async_trait]
impl Backplane for ScriptedBackplane {
    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn publish(&self, invalidation: &Invalidation) -> Result<()> {
        if let Some(failure) = self.0.failures.lock().unwrap().pop_front() {
            return Err(failure);
        }
        self.0.messages.lock().unwrap().push(invalidation.clone());
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        let incoming = self.1.lock().unwrap().take().unwrap();
        stream::unfold(incoming, |mut incoming| async { Some((incoming.recv().await?, incoming)) }).boxed()
    }
}
