//! The settings of an event stream.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{
    Events, Handlers,
    new_episode::{EpisodeRule, NewEpisodes},
    run::Run,
    subscriptions::{Subscription, Subscriptions, Wanted},
};
use crate::{
    Error, Result, RetryPolicy,
    client::upgrade::{Dialer, DialerSettings},
    socket::Reconnects,
    v3::Client,
};

/// The longest message in either direction, in bytes.
const MAX_MESSAGE_SIZE: usize = 4 << 20;

/// Whether to connect again after a connection broke or could not be made.
#[derive(Clone, Debug, PartialEq)]
pub enum ReconnectPolicy {
    /// No: the stream ends with the error.
    Never,
    /// Yes, after growing waits with jitter. The count and the waits begin anew after a connection that has lasted as
    /// long as the longest wait.
    Backoff(RetryPolicy),
}

impl Default for ReconnectPolicy {
    /// Without end, after half a second at first and 30 seconds at most.
    fn default() -> Self {
        let policy = RetryPolicy::exponential().max_retries(u32::MAX);
        Self::Backoff(policy.first_delay(Duration::from_millis(500)).max_delay(Duration::from_secs(30)))
    }
}

impl From<RetryPolicy> for ReconnectPolicy {
    fn from(policy: RetryPolicy) -> Self {
        Self::Backoff(policy)
    }
}

/// Settings for [`Events`]; each setter says its default.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until the stream is built"]
pub struct EventsBuilder {
    client: Client,
    wanted: Wanted,
    /// The first subscription that was wrong or one too many.
    refused: Result<()>,
    rule: EpisodeRule,
    reconnect: ReconnectPolicy,
    connect_timeout: Duration,
    idle_timeout: Duration,
    buffer: usize,
}

impl Client {
    /// Settings for a stream of what the gateway tells over its WebSocket; see [`Events`] and [`Handlers`].
    ///
    /// ```
    /// # anilibria_client::v3::example(|gateway, client| async move {
    /// use anilibria_client::v3::Event;
    /// use futures::StreamExt;
    ///
    /// let mut events = client.events().build()?;
    ///
    /// assert_eq!(events.next().await.transpose()?, Some(Event::Startup));
    /// let Some(Ok(Event::Connect(connect))) = events.next().await else { panic!("no connection") };
    /// println!("API {}", connect.api_version);
    /// # drop(gateway);
    /// # Ok(())
    /// # });
    /// ```
    pub fn events(&self) -> EventsBuilder {
        EventsBuilder {
            client: self.clone(),
            wanted: Wanted::default(),
            refused: Ok(()),
            rule: EpisodeRule::default(),
            reconnect: ReconnectPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            buffer: 256,
        }
    }
}

impl EventsBuilder {
    /// Subscribes from the beginning. Can be called again, for up to 50 subscriptions; what is wrong with one is told
    /// when the stream is built. Default: none, which means all events.
    #[expect(clippy::needless_pass_by_value, reason = "made for this call, as settings are")]
    pub fn subscribe(mut self, subscription: Subscription) -> Self {
        self.refused = self.refused.and(self.wanted.add(&subscription).map(drop));
        self
    }

    /// When an episode counts as out. Default: when it is complete.
    pub fn episodes(mut self, rule: EpisodeRule) -> Self {
        self.rule = rule;
        self
    }

    /// Whether to connect again. Default: without end, after half a second at first and 30 seconds at most.
    pub fn reconnect(mut self, policy: impl Into<ReconnectPolicy>) -> Self {
        self.reconnect = policy.into();
        self
    }

    /// How long opening a connection may take. Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the service may be silent before the connection counts as dead. Default: a minute, after half of which
    /// it is asked for a sign of life. The old service sent a ping every 30 seconds.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How many events may wait for the reader, from 1 to 65,536; values beyond are moved into that range. Default:
    /// 256.
    pub fn buffer(mut self, events: usize) -> Self {
        self.buffer = events.clamp(1, 65_536);
        self
    }

    /// The stream, which connects when it is polled. Fails with [`Error::Config`] or [`Error::InvalidRequest`] when a
    /// setting cannot be right.
    pub fn build(self) -> Result<Events> {
        self.refused?;
        for (setting, limit) in
            [("connect_timeout", self.connect_timeout), ("idle_timeout", self.idle_timeout)]
        {
            if limit.is_zero() {
                return Err(Error::Config { setting, reason: "must be longer than zero".to_owned() });
            }
        }
        let socket = &self.client.socket;
        let dialer = Dialer::new(DialerSettings {
            timeout: self.connect_timeout,
            max_message_size: MAX_MESSAGE_SIZE,
            user_agent: &socket.user_agent,
            proxy: socket.proxy.as_ref(),
        })?;
        let reconnects = match self.reconnect {
            ReconnectPolicy::Never => None,
            ReconnectPolicy::Backoff(policy) => Some(Reconnects::new(policy)),
        };
        let subscriptions = Subscriptions::new(self.wanted);
        let (out, told) = mpsc::channel(self.buffer);
        let run = Run {
            url: socket.url.clone(),
            client: self.client,
            dialer,
            reconnects,
            idle_timeout: self.idle_timeout,
            wanted: subscriptions.wanted(),
            new_episodes: NewEpisodes::new(self.rule),
            reading: futures::stream::FuturesOrdered::new(),
            out,
        };
        Ok(Events::new(run, told, subscriptions))
    }

    /// Handlers for the events of the stream. Fails as [`build`](Self::build) does.
    pub fn handlers(self) -> Result<Handlers> {
        self.build().map(Handlers::new)
    }
}
