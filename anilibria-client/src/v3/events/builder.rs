//! Settings of an event stream.

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

/// Maximum size of a message in either direction, in bytes.
const MAX_MESSAGE_SIZE: usize = 4 << 20;

/// Policy of reconnects after a connection failed or could not be opened.
#[derive(Clone, Debug, PartialEq)]
pub enum ReconnectPolicy {
    /// Never. The stream ends with the error.
    Never,
    /// With delays that grow exponentially, and jitter. The count and the delays are reset after a connection that has lasted
    /// as long as the maximum delay.
    Backoff(RetryPolicy),
}

impl Default for ReconnectPolicy {
    /// Unlimited reconnects, with delays from 500 milliseconds to 30 seconds.
    fn default() -> Self {
        Self::Backoff(socket::endless_backoff())
    }
}

impl From<RetryPolicy> for ReconnectPolicy {
    fn from(policy: RetryPolicy) -> Self {
        Self::Backoff(policy)
    }
}

/// Settings of [`Events`]. Each setter names its default. The old service sent a ping every 30 seconds, so the
/// [`idle_timeout`](Self::idle_timeout) must be longer than that.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until the stream is built"]
pub struct EventsBuilder {
    client: Client,
    desired: SubscriptionSet,
    /// The error of the first invalid subscription, or of the first one beyond the limit.
    refused: Result<()>,
    rule: EpisodeRule,
    reconnect: ReconnectPolicy,
    socket: Settings,
}

impl Client {
    /// Returns the settings of a stream of the events that the gateway sends over its WebSocket. See [`Events`] and
    /// [`Handlers`].
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
    /// Adds a subscription. Can be called again, for at most 50 subscriptions. [`build`](Self::build) reports an invalid one.
    /// Default: none, which selects all events.
    #[expect(clippy::needless_pass_by_value, reason = "callers create it for this call")]
    pub fn subscribe(mut self, subscription: Subscription) -> Self {
        self.refused = self.refused.and(self.desired.add(&subscription).map(drop));
        self
    }

    /// Sets the condition under which an episode is new. Default: [`EpisodeRule::Complete`].
    pub fn episodes(mut self, rule: EpisodeRule) -> Self {
        self.rule = rule;
        self
    }

    /// Sets the reconnects. Default: unlimited, with delays from 500 milliseconds to 30 seconds.
    pub fn reconnect(mut self, policy: impl Into<ReconnectPolicy>) -> Self {
        self.reconnect = policy.into();
        self
    }

    /// Builds the stream. It connects when it is polled for the first time.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if a setting is invalid, and
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest) if a subscription is invalid or one too many.
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
        let (sender, receiver) = mpsc::channel(self.socket.buffer);
        let run = Run {
            url,
            client: self.client,
            dialer,
            reconnects,
            idle_timeout: self.socket.idle_timeout,
            desired: subscriptions.0.subscribe(),
            new_episodes: NewEpisodes::new(self.rule),
            title_reads: futures::stream::FuturesOrdered::new(),
            sender,
        };
        Ok(Events::new(run, receiver, subscriptions))
    }

    /// Builds the stream and returns handlers for its events, none at first.
    ///
    /// # Errors
    ///
    /// The errors of [`build`](Self::build).
    pub fn handlers(self) -> Result<Handlers> {
        self.build().map(Events::handlers)
    }
}

socket::setters!(EventsBuilder);
