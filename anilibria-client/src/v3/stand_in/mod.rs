//! A v3 service that stands in for a gateway, for tests and offline work.

mod answer;
mod answers;
mod asked;
mod feed;
mod server;
mod socket;
mod world;

use std::{fmt, io, sync::Arc};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::world::{Signal, World};
use super::{Client, model::Title};
use crate::{
    Result,
    model::{Ordinal, ReleaseId},
    runtime::Task,
};

/// A v3 service on a free port of this machine, for tests and offline work. Stops when it is dropped.
///
/// It answers every call of the API with titles that are made of the [sandbox](crate::sandbox)'s releases, and knows one
/// user, `demo` with the password `demo`. It is a double, not a gateway: pages, orders by date and plain searches are
/// real, but `filter`, `remove`, `include` and the forms of descriptions and playlists are ignored, on its WebSocket
/// as well, and an advanced search finds everything.
///
/// ```
/// use anilibria_client::v3::{Client, StandIn};
///
/// # anilibria_client::offline(|_| async move {
/// let gateway = StandIn::start().await.expect("a free port");
/// let client = Client::new(gateway.url())?;
///
/// let title = client.title(7).await?;
///
/// assert_eq!(gateway.requests(), ["GET /v3/title?id=7"]);
/// # let _ = title;
/// # Ok(())
/// # });
/// ```
pub struct StandIn {
    url: String,
    world: Arc<World>,
    _serving: Task<()>,
}

impl StandIn {
    /// Starts it.
    pub async fn start() -> io::Result<Self> {
        let world = Arc::new(World::make().await.map_err(io::Error::other)?);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = Task::spawn(server::serve(listener, world.clone()));
        Ok(Self { url, world, _serving: serving })
    }

    /// Where it is, for [`Client::new`].
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The titles that it has.
    pub fn titles(&self) -> Vec<Title> {
        self.world.titles().clone()
    }

    /// Lets the next episode of a title come out, in all qualities, and tells everyone who listens. `None` when there is
    /// no such title.
    ///
    /// ```
    /// # anilibria_client::v3::example(|gateway, client| async move {
    /// use anilibria_client::v3::Event;
    /// use futures::StreamExt;
    ///
    /// let mut events = client.events().build()?;
    /// while let Some(event) = events.next().await {
    ///     match event? {
    ///         // Whoever is not connected is not told.
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
        let update = self.world.publish(title.into())?;
        let episode = update.episode;
        self.send(json!({"type": "playlist_update", "data": update.data}));
        Some(episode)
    }

    /// Tells everyone who listens of something else: a whole notification, with its `type` and its `data`.
    pub fn send(&self, notification: Value) {
        // Without listeners there is nobody to tell.
        let _ = self.world.news.send(Signal::News(Arc::new(notification)));
    }

    /// Hangs up on everyone who listens, as a network that fails does.
    pub fn hang_up(&self) {
        let _ = self.world.news.send(Signal::HangUp);
    }

    /// The last 1000 requests, oldest first: method, path and query.
    pub fn requests(&self) -> Vec<String> {
        self.world.requests()
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Runs `example` with a client of a stand-in. What fails in it fails the example.
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

/// Runs `example` with a stand-in and a client of it. What fails in it fails the example.
#[doc(hidden)]
#[expect(clippy::expect_used, reason = "an example that fails must be seen to fail")]
pub fn example<F, Fut>(example: F)
where
    F: FnOnce(StandIn, Client) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let gateway = StandIn::start().await.expect("a stand-in");
        let client = Client::new(gateway.url()).expect("a client");
        example(gateway, client).await.expect("the example");
    });
}
