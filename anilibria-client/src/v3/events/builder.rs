//! The settings of an event stream.

use tokio::sync::{mpsc, watch};

use super::{
    Events, Handlers,
    new_episode::{EpisodeRule, NewEpisodes},
    run::Run,
    subscriptions::{Subscription, SubscriptionSet, Subscriptions},
};
use crate::{
    Result, RetryPolicy,
    socket::{self, ReconnectDelays, Settings},
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
        Self::Backoff(socket::endless_backoff())
    }
}

impl From<RetryPolicy> for ReconnectPolicy {
    fn from(policy: RetryPolicy) -> Self {
        Self::Backoff(policy)
    }
}

/// Settings for [`Events`]; each setter says its default. The old service sent a ping every 30 seconds: an
/// [`idle_timeout`](Self::idle_timeout) has to be longer.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until the stream is built"]
pub struct EventsBuilder {
    client: Client,
    desired: SubscriptionSet,
    /// The first subscription that was wrong or one too many.
    refused: Result<()>,
    rule: EpisodeRule,
    reconnect: ReconnectPolicy,
    socket: Settings,
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
            desired: SubscriptionSet::default(),
            refused: Ok(()),
            rule: EpisodeRule::default(),
            reconnect: ReconnectPolicy::default(),
            socket: Settings::default(),
        }
    }
}

impl EventsBuilder {
    /// Subscribes from the beginning. Can be called again, for up to 50 subscriptions; what is wrong with one is told
    /// when the stream is built. Default: none, which means all events.
    #[expect(clippy::needless_pass_by_value, reason = "made for this call, as settings are")]
    pub fn subscribe(mut self, subscription: Subscription) -> Self {
        self.refused = self.refused.and(self.desired.add(&subscription).map(drop));
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

    /// The stream, which connects when it is polled. Fails with [`Error::Config`](crate::Error::Config) or
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest) when a setting cannot be right.
    pub fn build(self) -> Result<Events> {
        self.refused?;
        let socket = &self.client.socket;
        let dialer = self.socket.dialer(MAX_MESSAGE_SIZE, &socket.user_agent, socket.proxy.as_ref())?;
        let url = socket.url.clone();
        let reconnects = match self.reconnect {
            ReconnectPolicy::Never => None,
            ReconnectPolicy::Backoff(policy) => Some(ReconnectDelays::new(policy)),
        };
        let subscriptions = Subscriptions(watch::Sender::new(self.desired));
        let (out, events) = mpsc::channel(self.socket.buffer);
        let run = Run {
            url,
            client: self.client,
            dialer,
            reconnects,
            idle_timeout: self.socket.idle_timeout,
            desired: subscriptions.0.subscribe(),
            new_episodes: NewEpisodes::new(self.rule),
            title_reads: futures::stream::FuturesOrdered::new(),
            out,
        };
        Ok(Events::new(run, events, subscriptions))
    }

    /// Handlers for the events of the stream. Fails as [`build`](Self::build) does.
    pub fn handlers(self) -> Result<Handlers> {
        self.build().map(Events::handlers)
    }
}

socket::setters!(EventsBuilder);
