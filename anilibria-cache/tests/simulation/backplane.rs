//! Simulated backplane between the instances.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_cache::{Backplane, Error, Invalidation, Result, Signal};
use async_trait::async_trait;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{
    INSTANCES,
    network::{STORE_DELAY, SeededRng},
    record::Record,
};

/// Maximum time between the publication of a message and its delivery.
pub(crate) const MESSAGE_DELAY: Duration = Duration::from_millis(300);
/// Maximum time that a connection to the backplane takes, and after which a lost message is noticed.
const CONNECT_DELAY: Duration = Duration::from_millis(100);

/// The backplane between the instances. Messages are delayed and overtake each other.
pub(crate) struct Hub {
    state: Mutex<HubState>,
    record: Arc<Record>,
    random: SeededRng,
    /// Average number of messages per lost message, for each receiver; 0 disables losses.
    losses: u64,
    /// True if a subscription begins at once and without a resync, like that of a `LocalBackplane`.
    connects_at_once: bool,
}

struct HubState {
    members: [Connection; INSTANCES],
    last_member: u64,
}

#[derive(Clone, Default)]
struct Connection {
    member: u64,
    to_member: Option<mpsc::UnboundedSender<Signal>>,
    is_connected: bool,
    down_until: Option<Instant>,
}

impl Connection {
    fn is_up(&self) -> bool {
        self.is_connected && self.down_until.is_none_or(|until| until <= Instant::now())
    }

    fn send(&self, signal: Signal) {
        if let Some(to_member) = &self.to_member {
            // An error means that the member has left.
            let _ = to_member.send(signal);
        }
    }
}

/// A member of the [`Hub`]. Each cache has its own.
pub(crate) struct Member {
    hub: Arc<Hub>,
    instance: usize,
    id: u64,
}

impl Hub {
    pub(crate) fn new(
        record: Arc<Record>,
        random: SeededRng,
        losses: u64,
        connects_at_once: bool,
    ) -> Arc<Self> {
        let state = Mutex::new(HubState { members: Default::default(), last_member: 0 });
        Arc::new(Self { state, record, random, losses, connects_at_once })
    }

    /// Replaces the member of `instance`. Nothing is delivered to the instance before the new member has subscribed.
    pub(crate) fn join(self: &Arc<Self>, instance: usize) -> Member {
        let mut state = self.state.lock().unwrap();
        state.last_member += 1;
        let (id, down_until) = (state.last_member, state.members[instance].down_until);
        state.members[instance] = Connection { member: id, down_until, ..Connection::default() };
        self.record.disconnected(instance);
        Member { hub: Arc::clone(self), instance, id }
    }

    /// Records that `instance` is used. A subscription that begins at once exists from now on.
    pub(crate) fn used(&self, instance: usize) {
        let down_until = self.state.lock().unwrap().members[instance].down_until;
        if self.connects_at_once && down_until.is_none_or(|until| until <= Instant::now()) {
            self.record.reconnected(instance);
        }
    }

    /// Disconnects `instance` for `time`.
    pub(crate) fn disconnected(self: &Arc<Self>, instance: usize, time: Duration) {
        let until = Instant::now() + time;
        self.state.lock().unwrap().members[instance].down_until = Some(until);
        self.record.disconnected(instance);
        let hub = Arc::clone(self);
        tokio::spawn(async move {
            sleep_until(until).await;
            hub.resync(instance);
        });
    }

    fn connect(&self, instance: usize, member: u64, to_member: mpsc::UnboundedSender<Signal>) {
        let connection = &mut self.state.lock().unwrap().members[instance];
        if connection.member == member {
            connection.to_member = Some(to_member);
            connection.is_connected = true;
        }
    }

    /// Delivers a resync if the instance is connected. The resync ends a loss.
    fn resync(&self, instance: usize) {
        let state = self.state.lock().unwrap();
        let connection = &state.members[instance];
        if connection.is_up() {
            connection.send(Signal::Resync);
            self.record.resynced(instance);
        }
    }

    async fn deliver(&self, to: usize, from: u64, invalidation: Invalidation) {
        sleep(self.random.up_to(MESSAGE_DELAY)).await;
        let is_lost = self.random.one_in(self.losses);
        {
            let state = self.state.lock().unwrap();
            let connection = &state.members[to];
            if connection.member == from || !connection.is_up() {
                return;
            }
            if !is_lost {
                connection.send(Signal::Invalidate(invalidation));
                return;
            }
            self.record.disconnected(to);
        }
        sleep(self.random.up_to(CONNECT_DELAY)).await;
        self.resync(to);
    }
}

#[async_trait]
impl Backplane for Member {
    fn name(&self) -> &'static str {
        "simulated"
    }

    async fn publish(&self, invalidation: &Invalidation) -> Result<()> {
        sleep(self.hub.random.up_to(STORE_DELAY)).await;
        let down_until = self.hub.state.lock().unwrap().members[self.instance].down_until;
        if down_until.is_some_and(|until| until > Instant::now()) {
            return Err(Error::unavailable("simulated", "cut off"));
        }
        for to in 0..INSTANCES {
            let (hub, from, invalidation) = (Arc::clone(&self.hub), self.id, invalidation.clone());
            tokio::spawn(async move { hub.deliver(to, from, invalidation).await });
        }
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        let (to_member, messages) = mpsc::unbounded_channel();
        let (hub, instance, id) = (Arc::clone(&self.hub), self.instance, self.id);
        if hub.connects_at_once {
            hub.connect(instance, id, to_member);
        } else {
            tokio::spawn(async move {
                sleep(hub.random.up_to(CONNECT_DELAY)).await;
                hub.connect(instance, id, to_member);
                hub.resync(instance);
            });
        }
        stream::unfold(messages, async |mut messages| messages.recv().await.map(|signal| (signal, messages)))
            .boxed()
    }
}
