//! A stand-in for a v3 gateway, for tests and offline work.

mod params;
mod route_response;
mod routes;
mod rss;
mod server;
mod socket;
mod state;

use std::{fmt, io, sync::Arc};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::state::{Signal, State};
use super::{Client, model::Title};
use crate::{
    Result,
    model::{Ordinal, ReleaseId},
    runtime::Task,
};

/// A v3 gateway on a free port of this machine, for tests and offline work. It stops when it is dropped.
///
/// It answers every call of the API with titles made from the releases of the [sandbox](crate::sandbox), and has one user:
/// `demo` with the password `demo`. Pages, orders by date and plain searches work. `filter`, `remove`, `include`, and the forms
/// of descriptions and playlists are ignored, on the WebSocket as well. An advanced search finds all titles.
///
/// ```
/// use anilibria_client::v3::{Client, SandboxGateway};
///
/// # anilibria_client::offline(|_| async move {
/// let gateway = SandboxGateway::start().await.expect("a free port");
/// let client = Client::new(gateway.url())?;
///
/// let title = client.title(7).await?;
///
/// assert_eq!(gateway.requests(), ["GET /v3/title?id=7"]);
/// # let _ = title;
/// # Ok(())
/// # });
/// ```
pub struct SandboxGateway {
    url: String,
    state: Arc<State>,
    _serving: Task<()>,
}

impl SandboxGateway {
    /// Starts a gateway with its own sandbox.
    ///
    /// # Errors
    ///
    /// The error of the network if no port is free, and an error if the titles cannot be read from the sandbox.
    pub async fn start() -> io::Result<Self> {
        let state = Arc::new(State::load().await.map_err(io::Error::other)?);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = Task::spawn(server::serve(listener, state.clone()));
        Ok(Self { url, state, _serving: serving })
    }

    /// Returns the base URL, for [`Client::new`].
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns all titles.
    pub fn titles(&self) -> Vec<Title> {
        self.state.titles().clone()
    }

    /// Publishes the next episode of a title in all qualities, and notifies all subscribers. Returns the number of the episode,
    /// or `None` if there is no such title.
    ///
    /// ```
    /// # anilibria_client::v3::example(|gateway, client| async move {
    /// use anilibria_client::v3::Event;
    /// use futures::StreamExt;
    ///
    /// let mut events = client.events().build()?;
    /// while let Some(event) = events.next().await {
    ///     match event? {
    ///         // Only connected clients are notified.
    ///         Event::Connect(_) => assert!(gateway.new_episode(7).is_some()),
    ///         Event::TitleEpisode(new) => {
    ///             println!("{}: episode {}", new.title.names.ru, new.episode.episode);
    ///             break;
    ///         }
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # });
    /// ```
    pub fn new_episode(&self, title: impl Into<ReleaseId>) -> Option<Ordinal> {
        let update = self.state.publish(title.into())?;
        let episode = update.episode;
        self.send(json!({"type": "playlist_update", "data": update.data}));
        Some(episode)
    }

    /// Sends a notification with its `type` and its `data` to all subscribers.
    pub fn send(&self, notification: Value) {
        // An error means that there are no subscribers.
        let _ = self.state.notifications.send(Signal::Notification(Arc::new(notification)));
    }

    /// Closes the connections of all subscribers without a close frame, as a network failure does.
    pub fn hang_up(&self) {
        let _ = self.state.notifications.send(Signal::Disconnect);
    }

    /// Returns the last 1,000 requests, oldest first: method, path and query.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests()
    }
}

impl fmt::Debug for SandboxGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxGateway").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Runs `run` with a client of a stand-in. An error in the example fails it.
#[doc(hidden)]
pub fn offline<F, Fut>(run: F)
where
    F: FnOnce(Client) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    example(|gateway, client| async move {
        let outcome = run(client).await;
        drop(gateway);
        outcome
    });
}

/// Runs `example` with a stand-in and its client. An error in the example fails it.
#[doc(hidden)]
#[expect(clippy::expect_used, reason = "a failed example must fail its doc test")]
pub fn example<F, Fut>(example: F)
where
    F: FnOnce(SandboxGateway, Client) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let gateway = SandboxGateway::start().await.expect("a stand-in");
        let client = Client::new(gateway.url()).expect("a client");
        example(gateway, client).await.expect("the example");
    });
}
