//! The one connection that all calls share, and how it comes back when it is lost.

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
    options::Options,
    target::Target,
};

const MIN_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// A connection that is made when it is first needed and made again whenever it is lost.
///
/// Calls wait for a connection at most as long as for an answer, and only while there is hope: before the first try and
/// right after an open connection was closed. Once a try has failed, calls fail with its reason until one succeeds.
pub(crate) struct Link(Arc<Shared>);

struct Shared {
    target: Arc<Target>,
    state: watch::Sender<State>,
    patience: Duration,
}

#[derive(Clone)]
enum State {
    /// Nobody has asked for anything yet.
    Idle,
    Connecting,
    Open {
        connection: Connection,
        /// Tells this connection from those before and after.
        id: u64,
    },
    Down(RedisError),
}

impl Link {
    pub(super) fn new(target: Arc<Target>, options: &Options) -> Self {
        let patience = options.response_timeout;
        Self(Arc::new(Shared { target, state: watch::Sender::new(State::Idle), patience }))
    }

    pub(crate) fn target(&self) -> &Arc<Target> {
        &self.0.target
    }

    /// Whether all keys are in one server, which carries out commands in the order in which they are sent.
    pub(crate) fn is_single(&self) -> bool {
        self.0.target.is_single()
    }

    /// The answer to `command`. It may be carried out twice.
    pub(crate) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        self.send_to(&Node::Owner, command).await
    }

    /// The answer of `node` to `command`. It may be carried out twice.
    pub(crate) async fn send_to(&self, node: &Node, command: &Cmd) -> RedisResult<Value> {
        let mut tries = 0;
        loop {
            let (mut connection, id) = self.connection().await?;
            let answer = self.in_time(connection.send(node, command)).await;
            if let Some(answer) = self.settle(&connection, id, answer, &mut tries) {
                return answer;
            }
        }
    }

    /// The answers to `first` and `last`; see [`Connection::send_all`]. They may be carried out twice.
    pub(crate) async fn send_all(
        &self,
        first: &[Cmd],
        last: Option<&Cmd>,
    ) -> RedisResult<Vec<RedisResult<Value>>> {
        let mut tries = 0;
        loop {
            let (mut connection, id) = self.connection().await?;
            let answers = self.in_time(connection.send_all(first, last)).await;
            if let Some(answers) = self.settle(&connection, id, answers, &mut tries) {
                return answers;
            }
        }
    }

    /// The servers that together have all keys.
    pub(crate) async fn nodes(&self) -> RedisResult<Vec<Node>> {
        if self.is_single() {
            return Ok(vec![Node::Owner]);
        }
        let mut command = redis::cmd("CLUSTER");
        Node::masters(self.send_to(&Node::Any, command.arg("SLOTS")).await?)
    }

    /// The answer, or that there was none in time. The library would not count the time before a command is its turn.
    async fn in_time<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let answer = timeout(self.0.patience, answer).await;
        answer.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()))
    }

    /// What to make of `answer`; `None` to try again. A server may close what was idle for long, which nobody notices
    /// before the next call, so one that finds the connection closed has a second try.
    fn settle<T>(
        &self,
        connection: &Connection,
        id: u64,
        answer: RedisResult<T>,
        tries: &mut u32,
    ) -> Option<RedisResult<T>> {
        *tries += 1;
        match answer {
            Err(error) if connection.is_broken_by(&error) => {
                self.lost(id, &error);
                (*tries > 1 || !error.is_connection_dropped()).then_some(Err(error))
            }
            answer => Some(answer),
        }
    }

    async fn connection(&self) -> RedisResult<(Connection, u64)> {
        if let State::Open { connection, id } = &*self.0.state.borrow() {
            return Ok((connection.clone(), *id));
        }
        if self.0.change(|state| matches!(state, State::Idle), State::Connecting) {
            self.reconnect();
        }
        let mut states = self.0.state.subscribe();
        let settled = states.wait_for(|state| matches!(state, State::Open { .. } | State::Down(_)));
        let settled = timeout(self.0.patience, settled).await.ok().and_then(Result::ok);
        match settled.as_deref() {
            Some(State::Open { connection, id }) => Ok((connection.clone(), *id)),
            Some(State::Down(error)) => Err(error.clone()),
            _ => Err((ErrorKind::Io, "not connected yet").into()),
        }
    }

    /// Gives up the connection `id`, unless that has happened already.
    fn lost(&self, id: u64, error: &RedisError) {
        // Who does not answer in time would hardly do so sooner over a new connection: nobody should wait for that.
        let next = if error.is_timeout() { State::Down(error.clone()) } else { State::Connecting };
        if self.0.change(|state| matches!(state, State::Open { id: open, .. } if *open == id), next) {
            tracing::warn!(servers = ?self.0.target, %error, "lost the connection to redis");
            self.reconnect();
        }
    }

    fn reconnect(&self) {
        tokio::spawn(reconnect(Arc::downgrade(&self.0)));
    }
}

impl Shared {
    /// Goes over to `next` where `applies`; says whether it did.
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

/// Tries until there is a connection, or nobody left to want one.
async fn reconnect(link: Weak<Shared>) {
    let mut pause = None;
    while let Some(link) = link.upgrade() {
        let connected = timeout(link.target.patience(), link.target.connect()).await;
        match connected.unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into())) {
            Ok(connection) => {
                tracing::debug!(servers = ?link.target, "connected to redis");
                link.state.send_replace(State::Open { connection, id: fastrand::u64(..) });
                return;
            }
            Err(error) => {
                if pause.is_none() {
                    tracing::warn!(servers = ?link.target, %error, "cannot connect to redis, trying on");
                }
                link.state.send_replace(State::Down(error));
            }
        }
        drop(link);
        sleep(jittered(*pause.insert(next_pause(pause)))).await;
    }
}

/// How long to wait after a try that followed a pause of `last`.
pub(crate) fn next_pause(last: Option<Duration>) -> Duration {
    last.map_or(MIN_PAUSE, |last| (last * 2).min(MAX_PAUSE))
}

/// So that those who lost the same server do not all come back at the same moment.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
