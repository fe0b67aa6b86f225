//! Subscriptions to a backplane.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{ErrorKind, PushInfo, PushKind, RedisError, RedisResult, Value, aio::MultiplexedConnection};
use tokio::{
    select,
    sync::mpsc::{self, Receiver},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    handle::Redis,
    link::{jittered, next_pause},
    sequence::Received,
};
use crate::{backplane::Signal, invalidation::Invalidation};

/// Maximum number of unread messages. When there are more, all are dropped for a resync.
const INBOX: usize = 1024;

/// A subscription that reconnects whenever its connection is lost.
pub(super) struct Subscription {
    redis: Redis,
    member: Arc<str>,
    open: Option<Open>,
    received: Received,
    pause: Option<Duration>,
    /// True if the log shows the subscription as lost.
    is_lost: bool,
    has_warned: bool,
}

struct Open {
    connection: MultiplexedConnection,
    inbox: Receiver<PushInfo>,
    overflowed: Arc<AtomicBool>,
    check_at: Instant,
    check: Option<Check>,
}

/// Last number, to be compared after `unread` more messages of the inbox.
struct Check {
    last: Option<u64>,
    unread: usize,
}

enum Event {
    Push(PushInfo),
    Overflow,
    CheckDue,
    Checked(Option<u64>),
}

impl Subscription {
    pub(super) fn new(redis: Redis, member: Arc<str>) -> Self {
        Self {
            redis,
            member,
            open: None,
            received: Received::Nothing,
            pause: None,
            is_lost: false,
            has_warned: false,
        }
    }

    /// Returns the next signal, however long that takes.
    pub(super) async fn next(&mut self) -> Signal {
        loop {
            let signal = match &mut self.open {
                None => self.connect().await,
                Some(open) => match open.event().await {
                    Event::Push(push) => self.on_push(push),
                    Event::Overflow => {
                        // Messages in the inbox are older than those that did not fit, and would follow the resync.
                        self.open = None;
                        self.received = Received::Unknown;
                        None
                    }
                    Event::CheckDue => self.check_last_number().await,
                    Event::Checked(last) => self.received.checked(last).then_some(Signal::Resync),
                },
            };
            if let Some(signal) = signal {
                return signal;
            }
        }
    }

    async fn connect(&mut self) -> Option<Signal> {
        if let Some(pause) = self.pause {
            sleep(jittered(pause)).await;
        }
        self.pause = Some(next_pause(self.pause));
        // This includes the time to subscribe and to read the last number.
        let limit = self.redis.link().target().connect_timeout().saturating_mul(2);
        let opened = timeout(limit, self.subscribe()).await;
        match opened.unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into())) {
            Ok((open, last)) => {
                self.open = Some(open);
                self.pause = None;
                if std::mem::take(&mut self.is_lost) {
                    tracing::info!(host = self.host(), "backplane subscription restored");
                } else {
                    tracing::debug!(host = self.host(), "subscribed to the backplane");
                }
                self.received.connected(last).then_some(Signal::Resync)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_lost, true) {
                    tracing::warn!(host = self.host(), %error, "cannot subscribe to the backplane, retrying");
                }
                self.received.failed_to_connect();
                None
            }
        }
    }

    /// Subscribes, and reads the last number afterwards, so that no message can be missed in between.
    async fn subscribe(&self) -> RedisResult<(Open, Option<u64>)> {
        let keys = self.redis.keys();
        let (outbox, inbox) = mpsc::channel(INBOX);
        let overflowed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&overflowed);
        let push = Arc::new(move |push: PushInfo| {
            let sent = outbox.try_send(push);
            if sent.is_err() {
                flag.store(true, Ordering::Relaxed);
            }
            sent
        });
        let target = self.redis.link().target();
        let mut connection = target.connect_to_owner(&keys.generation(), push).await?;
        connection.subscribe(keys.channel()).await?;
        let last = last_number(&mut connection, &keys.generation()).await?;
        let check_at = Instant::now() + self.redis.check_every();
        Ok((Open { connection, inbox, overflowed, check_at, check: None }, last))
    }

    fn on_push(&mut self, push: PushInfo) -> Option<Signal> {
        match push.kind {
            PushKind::Message => {}
            PushKind::Disconnection => {
                self.disconnect(&(ErrorKind::Io, "closed by the server").into());
                return None;
            }
            _ => return None,
        }
        let Some(message) = Message::parse(push.data) else {
            if !self.has_warned {
                self.has_warned = true;
                tracing::warn!(host = self.host(), "foreign message on the channel of the backplane");
            }
            return Some(Signal::Resync);
        };
        if self.received.message(message.number) {
            return Some(Signal::Resync);
        }
        (*message.member != *self.member).then_some(Signal::Invalidate(message.invalidation))
    }

    /// Compares the last number of the server with the received one. Disconnects if the server does not respond.
    async fn check_last_number(&mut self) -> Option<Signal> {
        let open = self.open.as_mut()?;
        match last_number(&mut open.connection, &self.redis.keys().generation()).await {
            Ok(last) => {
                // The server sends messages before later replies, so all messages up to this number are in the inbox.
                open.check = Some(Check { last, unread: open.inbox.len() });
                open.check_at = Instant::now() + self.redis.check_every();
            }
            Err(error) => self.disconnect(&error),
        }
        None
    }

    fn disconnect(&mut self, error: &RedisError) {
        self.is_lost = true;
        tracing::warn!(host = self.host(), %error, "backplane subscription lost, reconnecting");
        self.open = None;
    }

    fn host(&self) -> String {
        self.redis.link().target().to_string()
    }
}

impl Open {
    async fn event(&mut self) -> Event {
        if self.overflowed.load(Ordering::Relaxed) {
            return Event::Overflow;
        }
        if let Some(check) = self.check.take_if(|check| check.unread == 0) {
            return Event::Checked(check.last);
        }
        select! {
            biased;
            push = self.inbox.recv() => {
                if let Some(check) = &mut self.check {
                    check.unread -= 1;
                }
                push.map_or(Event::CheckDue, Event::Push)
            }
            () = sleep_until(self.check_at) => Event::CheckDue,
        }
    }
}

/// A message of any member.
struct Message {
    number: u64,
    member: String,
    invalidation: Invalidation,
}

impl Message {
    /// Parses `[channel, "number member invalidation"]`.
    fn parse(data: Vec<Value>) -> Option<Self> {
        let text: String = redis::from_redis_value(data.into_iter().nth(1)?).ok()?;
        let (number, rest) = text.split_once(' ')?;
        let (member, invalidation) = rest.split_once(' ')?;
        let invalidation = Invalidation::decode(invalidation)?;
        Some(Self { number: number.parse().ok()?, member: member.to_owned(), invalidation })
    }
}

async fn last_number(connection: &mut MultiplexedConnection, generation: &str) -> RedisResult<Option<u64>> {
    redis::cmd("GET").arg(generation).query_async(connection).await
}
