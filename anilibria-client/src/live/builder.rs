//! The settings of a live connection.

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

/// Where the service's WebSocket is below its origin.
const PATH: &str = "/api/anilibria/v2/ws";

/// The longest message in either direction, in bytes.
const MAX_MESSAGE_SIZE: usize = 64 << 10;

/// Settings for a [`Live`] stream; each setter says its default.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until the stream is built"]
pub struct LiveBuilder {
    url: String,
    desired: SubscriptionSet,
    /// The first release that was one too many.
    refused: Result<()>,
    since: Option<EventId>,
    retry: RetryPolicy,
    socket: Settings,
    proxy: Option<Secret>,
}

impl Live {
    /// Returns the settings for a connection with the service at `url`: its origin (`https://host`), or the whole address
    /// of its WebSocket (`wss://host/api/anilibria/v2/ws`).
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
    /// Which kinds of events to be told for all releases, 16 at most. Default: none.
    ///
    /// [`Kind::FEED`] is all there are; [`Kind::EpisodeUpdate`] is told only for releases that are followed, and left
    /// out here.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.desired.set_kinds(kinds);
        self
    }

    /// Follows a release: all that happens to it is told. Can be called again, for up to 200 releases; more are refused
    /// when the stream is built. Default: none.
    pub fn follow(mut self, release: impl Into<ReleaseId>) -> Self {
        self.refused = self.refused.and(self.desired.follow(release.into()));
        self
    }

    /// A user's token for the service. Default: none, as events are public. A token that is not accepted is told as
    /// [`Error::Unauthorized`](crate::Error::Unauthorized), and the connection goes on without.
    ///
    /// It is sent to the service as it is: use `https` (or `wss`).
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.desired.token = Some(token.into());
        self
    }

    /// Where to go on from: the [`cursor`](Live::cursor) of a stream before the restart. Default: from now on.
    pub fn since(mut self, cursor: impl Into<EventId>) -> Self {
        self.since = Some(cursor.into());
        self
    }

    /// How long to wait before connecting again, and how often to try. Default: without end, after half a second at
    /// first and 30 seconds at most, with jitter. The count and the waits begin anew after a connection that has lasted
    /// as long as the longest wait.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// A proxy (`http://user:password@host:port`). Default: what the system's environment says.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// The stream, which connects when it is polled. Fails with [`Error::Config`](crate::Error::Config) or
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest) when a setting cannot be right.
    pub fn build(self) -> Result<Live> {
        self.refused?;
        let url = address(&self.url)?;
        let dialer = self.socket.dialer(MAX_MESSAGE_SIZE, USER_AGENT, self.proxy.as_ref())?;
        let subscriptions = Subscriptions(watch::Sender::new(self.desired));
        let (out, items) = mpsc::channel(self.socket.buffer);
        let run = Run {
            url,
            dialer,
            reconnects: ReconnectDelays::new(self.retry),
            idle_timeout: self.socket.idle_timeout,
            desired: subscriptions.0.subscribe(),
            buffer: ReplayBuffer::new(self.since.clone()),
            out,
        };
        Ok(Live::new(run, items, self.since, subscriptions))
    }
}

socket::setters!(LiveBuilder);

/// The address of the WebSocket as HTTP knows it, from that or from the origin of the service.
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
