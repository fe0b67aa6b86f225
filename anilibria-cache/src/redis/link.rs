//! The shared connection, which is opened again after it was lost.

use std::{
    io,
    sync::{Arc, Weak},
    time::Duration,
};

use redis::{Cmd, ErrorKind, RedisError, RedisResult, Value};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    connection::{Connection, Node},
    generation::Generations,
    options::Options,
    tag_cache::TagCache,
    target::Target,
};

const MIN_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// A connection that is opened when it is first used, and opened again whenever it is lost.
///
/// Calls wait for the first attempt to connect, and for the first attempt after a connection was closed, for at most the
/// response timeout. After a failed attempt, calls fail with its error until an attempt succeeds.
pub(crate) struct Link(Arc<Shared>);

struct Shared {
    target: Arc<Target>,
    state: watch::Sender<State>,
    response_timeout: Duration,
}

/// Replies to several commands.
pub(super) struct Replies {
    /// One for each command, in the same order.
    pub(super) values: Vec<RedisResult<Value>>,
    /// Tags known on the connection of the replies.
    pub(super) tags: Option<Arc<TagCache>>,
}

#[derive(Clone)]
enum State {
    /// No command has been sent yet.
    Idle,
    Connecting,
    Open {
        connection: Connection,
        /// Random identity of the connection.
        id: u64,
    },
    Down(RedisError),
}

impl Link {
    pub(super) fn new(target: Arc<Target>, options: &Options) -> Self {
        let state = watch::Sender::new(State::Idle);
        Self(Arc::new(Shared { target, state, response_timeout: options.response_timeout }))
    }

    pub(crate) fn target(&self) -> &Arc<Target> {
        &self.0.target
    }

    /// True if all keys are on one server, which executes commands in the order in which they are sent.
    pub(crate) fn is_single(&self) -> bool {
        self.0.target.is_single()
    }

    /// Returns the reply to `command`, which may be executed twice.
    pub(crate) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        self.send_to(&Node::Owner, command).await
    }

    /// Returns the reply of `node` to `command`, which may be executed twice.
    pub(crate) async fn send_to(&self, node: &Node, command: &Cmd) -> RedisResult<Value> {
        Ok(self.read_from(node, command).await?.0)
    }

    /// Returns the reply to `command`, which may be executed twice, and the tags known on the connection of the reply.
    pub(super) async fn read(&self, command: &Cmd) -> RedisResult<(Value, Option<Arc<TagCache>>)> {
        self.read_from(&Node::Owner, command).await
    }

    /// Returns the replies to `commands`, and the tags known on the connection of the replies; see
    /// [`Connection::send_all`]. The commands may be executed twice.
    pub(super) async fn send_all(&self, commands: &[Cmd]) -> RedisResult<Replies> {
        let mut attempts = 0;
        loop {
            let (mut connection, id) = self.connection().await?;
            let replies = self.in_time(connection.send_all(commands)).await;
            if let Some(replies) = self.accept_or_retry(&connection, id, replies, &mut attempts) {
                return Ok(Replies { values: replies?, tags: connection.tag_cache().cloned() });
            }
        }
    }

    /// Reads the generations of tags, by the names of their keys.
    pub(super) async fn generations(&self, keys: &[String]) -> RedisResult<Vec<Generations>> {
        let mut attempts = 0;
        loop {
            let (mut connection, id) = self.connection().await?;
            let generations = self.in_time(connection.generations(keys)).await;
            if let Some(generations) = self.accept_or_retry(&connection, id, generations, &mut attempts) {
                return generations;
            }
        }
    }

    /// Returns the generations cached on the open connection. They may be outdated until the next reply.
    pub(super) fn tag_cache(&self) -> Option<Arc<TagCache>> {
        match &*self.0.state.borrow() {
            State::Open { connection, .. } => connection.tag_cache().cloned(),
            _ => None,
        }
    }

    async fn read_from(&self, node: &Node, command: &Cmd) -> RedisResult<(Value, Option<Arc<TagCache>>)> {
        let mut attempts = 0;
        loop {
            let (mut connection, id) = self.connection().await?;
            let reply = self.in_time(connection.send(node, command)).await;
            if let Some(reply) = self.accept_or_retry(&connection, id, reply, &mut attempts) {
                return Ok((reply?, connection.tag_cache().cloned()));
            }
        }
    }

    /// Returns the servers that together contain all keys.
    pub(crate) async fn nodes(&self) -> RedisResult<Vec<Node>> {
        if self.is_single() {
            return Ok(vec![Node::Owner]);
        }
        let mut command = redis::cmd("CLUSTER");
        Node::masters(self.send_to(&Node::Any, command.arg("SLOTS")).await?)
    }

    /// Returns the reply, or an error after the response timeout. The timeout of the library would not include the time
    /// that a command waits before it is sent.
    async fn in_time<T>(&self, reply: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let reply = timeout(self.0.response_timeout, reply).await;
        reply.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no reply in time").into()))
    }

    /// Returns `reply`, or `None` if the call has to be repeated. A server may close an idle connection, which is not noticed
    /// before the next call; so a call that finds the connection closed is repeated once.
    fn accept_or_retry<T>(
        &self,
        connection: &Connection,
        id: u64,
        reply: RedisResult<T>,
        attempts: &mut u32,
    ) -> Option<RedisResult<T>> {
        *attempts += 1;
        match reply {
            Err(error) if connection.is_broken_by(&error) => {
                self.lost(id, &error);
                (*attempts > 1 || !error.is_connection_dropped()).then_some(Err(error))
            }
            reply => Some(reply),
        }
    }

    async fn connection(&self) -> RedisResult<(Connection, u64)> {
        if let State::Open { connection, id } = &*self.0.state.borrow() {
            return Ok((connection.clone(), *id));
        }
        if self.0.change(|state| matches!(state, State::Idle), State::Connecting) {
            self.reconnect(false);
        }
        let mut states = self.0.state.subscribe();
        let settled = states.wait_for(|state| matches!(state, State::Open { .. } | State::Down(_)));
        let settled = timeout(self.0.response_timeout, settled).await.ok().and_then(Result::ok);
        match settled.as_deref() {
            Some(State::Open { connection, id }) => Ok((connection.clone(), *id)),
            Some(State::Down(error)) => Err(error.clone()),
            _ => Err((ErrorKind::Io, "not connected yet").into()),
        }
    }

    /// Replaces the connection `id`, unless that has happened before.
    fn lost(&self, id: u64, error: &RedisError) {
        // A server that does not answer in time is unlikely to answer over a new connection, so calls do not wait for one.
        let next = if error.is_timeout() { State::Down(error.clone()) } else { State::Connecting };
        if self.0.change(|state| matches!(state, State::Open { id: open, .. } if *open == id), next) {
            tracing::warn!(host = %self.0.target, %error, "redis connection lost, reconnecting");
            self.reconnect(true);
        }
    }

    fn reconnect(&self, is_lost: bool) {
        tokio::spawn(reconnect(Arc::downgrade(&self.0), is_lost));
    }
}

impl Shared {
    /// Changes the state to `next` if `applies` returns true, and returns whether it did.
    fn change(&self, applies: impl FnOnce(&State) -> bool, next: State) -> bool {
        self.state.send_if_modified(|state| {
            let applies = applies(state);
            if applies {
                *state = next;
            }
            applies
        })
    }
}

/// Connects, and repeats that until it succeeds or the link is dropped. `is_down` is true if the log shows the server as
/// unreachable.
async fn reconnect(link: Weak<Shared>, mut is_down: bool) {
    let mut pause = None;
    while let Some(link) = link.upgrade() {
        let connected = timeout(link.target.connect_timeout(), link.target.connect()).await;
        match connected.unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into())) {
            Ok(connection) => {
                if is_down {
                    tracing::info!(host = %link.target, "redis connection restored");
                } else {
                    tracing::debug!(host = %link.target, "connected to redis");
                }
                link.state.send_replace(State::Open { connection, id: fastrand::u64(..) });
                return;
            }
            Err(error) => {
                if !std::mem::replace(&mut is_down, true) {
                    tracing::warn!(host = %link.target, %error, "cannot connect to redis, retrying");
                }
                link.state.send_replace(State::Down(error));
            }
        }
        drop(link);
        sleep(jittered(*pause.insert(next_pause(pause)))).await;
    }
}

/// Returns the pause after a failed attempt that followed a pause of `last`.
pub(crate) fn next_pause(last: Option<Duration>) -> Duration {
    last.map_or(MIN_PAUSE, |last| (last * 2).min(MAX_PAUSE))
}

/// Returns `pause` shortened by up to one half, so that instances do not reconnect at the same moment.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
