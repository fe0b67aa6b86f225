//! Settings of a live stream.

use tokio::sync::{mpsc, watch};
use url::Url;

use super::{
    event::{EventId, Kind},
    replay_buffer::ReplayBuffer,
    run::Run,
    stream::Live,
    subscriptions::{SubscriptionSet, Subscriptions},
};
use crate::{
    Result, RetryPolicy, Secret,
    client::builder::USER_AGENT,
    model::ReleaseId,
    socket::{self, ReconnectDelays, Settings},
};

/// Path of the WebSocket, for a URL without a path.
const PATH: &str = "/api/anilibria/v2/ws";

/// Maximum size of a message in either direction, in bytes.
const MAX_MESSAGE_SIZE: usize = 64 << 10;

/// Settings of a [`Live`] stream. Each setter names its default.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until the stream is built"]
pub struct LiveBuilder {
    url: String,
    desired: SubscriptionSet,
    /// The error of the first release beyond the limit.
    refused: Result<()>,
    since: Option<EventId>,
    retry: RetryPolicy,
    socket: Settings,
    proxy: Option<Secret>,
}

impl Live {
    /// Returns the settings of a connection to the service at `url`: its origin (`https://host`), or the complete URL of its
    /// WebSocket (`wss://host/api/anilibria/v2/ws`).
    pub fn builder(url: impl Into<String>) -> LiveBuilder {
        LiveBuilder {
            url: url.into(),
            desired: SubscriptionSet::default(),
            refused: Ok(()),
            since: None,
            retry: socket::endless_backoff(),
            socket: Settings::default(),
            proxy: None,
        }
    }
}

impl LiveBuilder {
    /// Subscribes to kinds of events of all releases, at most 16. Default: none.
    ///
    /// [`Kind::FEED`] lists all possible kinds. [`Kind::EpisodeUpdate`] is ignored here, because the service sends it only for
    /// releases that are followed.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.desired.set_kinds(kinds);
        self
    }

    /// Subscribes to all events of a release. Can be called again, for at most 200 releases; [`build`](Self::build) refuses
    /// further ones. Default: none.
    pub fn follow(mut self, release: impl Into<ReleaseId>) -> Self {
        self.refused = self.refused.and(self.desired.follow(release.into()));
        self
    }

    /// Sets the token of a user of the service. Default: none, as events are public.
    ///
    /// A refused token yields [`Error::Unauthorized`](crate::Error::Unauthorized), and the connection continues without it. The
    /// token is sent as it is: use `https` or `wss`.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.desired.token = Some(token.into());
        self
    }

    /// Resumes after `cursor`, which is the [`cursor`](Live::cursor) of an earlier stream. Default: new events only.
    pub fn since(mut self, cursor: impl Into<EventId>) -> Self {
        self.since = Some(cursor.into());
        self
    }

    /// Sets the delays between connection attempts and their number. Default: unlimited retries, with delays from 500
    /// milliseconds to 30 seconds and jitter.
    ///
    /// The count and the delays are reset after a connection that has lasted as long as the maximum delay.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets a proxy (`http://user:password@host:port`). Default: the proxy of the system's environment.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Builds the stream. It connects when it is polled for the first time.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if a setting is invalid, and
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest) if more than 200 releases are followed.
    pub fn build(self) -> Result<Live> {
        self.refused?;
        let url = address(&self.url)?;
        let dialer = self.socket.dialer(MAX_MESSAGE_SIZE, USER_AGENT, self.proxy.as_ref())?;
        let subscriptions = Subscriptions(watch::Sender::new(self.desired));
        let (sender, receiver) = mpsc::channel(self.socket.buffer);
        let run = Run {
            url,
            dialer,
            reconnects: ReconnectDelays::new(self.retry),
            idle_timeout: self.socket.idle_timeout,
            desired: subscriptions.0.subscribe(),
            buffer: ReplayBuffer::new(self.since.clone()),
            sender,
        };
        Ok(Live::new(run, receiver, self.since, subscriptions))
    }
}

socket::setters!(LiveBuilder);

/// Returns the HTTP URL of the WebSocket. The default path is added to an origin.
fn address(text: &str) -> Result<Url> {
    let mut url = socket::address("url", text)?;
    if url.path() == "/" {
        url.set_path(PATH);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Error;

    #[test]
    fn default_path_is_used_unless_the_url_has_one() {
        let address = |text| address(text).unwrap().to_string();

        assert_eq!(address("https://one.example"), "https://one.example/api/anilibria/v2/ws");
        assert_eq!(address("ws://one.example:8080/"), "http://one.example:8080/api/anilibria/v2/ws");
        assert_eq!(address("wss://one.example/ws"), "https://one.example/ws");
    }

    #[test]
    fn invalid_settings_are_refused_by_name() {
        for url in ["one.example", "ftp://host/", "https://user:pw@host/", "wss://host/ws?token=pw"] {
            let error = Live::builder(url).build().unwrap_err();

            assert!(matches!(error, Error::Config { setting: "url", .. }), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("pw"), "{url}");
        }
        let error = Live::builder("http://host").idle_timeout(Duration::ZERO).build().unwrap_err();
        assert!(matches!(error, Error::Config { setting: "idle_timeout", .. }), "{error}");
        let many = (1..=201_u32).fold(Live::builder("http://host"), LiveBuilder::follow);
        assert!(matches!(many.build(), Err(Error::InvalidRequest { .. })));
    }

    #[test]
    fn token_and_proxy_are_not_printed() {
        let live = Live::builder("http://host").token("secret").proxy("http://user:secret@host");

        assert!(!format!("{live:?} {:?}", live.clone().build()).contains("secret"));
    }
}
