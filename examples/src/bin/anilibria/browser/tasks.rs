//! The work that the state asks for, as tasks whose results are events.

use std::{future::pending, panic::resume_unwind, sync::Arc, time::Duration};

use anilibria_client::{Client, Error};
use anyhow::Context as _;
use tokio::{
    sync::Semaphore,
    task::{AbortHandle, JoinSet, spawn_blocking},
};

use super::{
    graphics::Graphics,
    player::Player,
    poster::{self, Picture},
    release::{Contents, Entry},
    state::{Effect, Event, Page},
};
use crate::output::text;

/// Time without a key after which the user has probably typed the whole search text.
const TYPING_PAUSE: Duration = Duration::from_millis(250);

/// Releases on a page.
const PAGE_SIZE: u32 = 50;

/// Maximum number of players at a time.
const MAX_PLAYERS: usize = 4;

/// Maximum number of characters of a message about a failure.
const MAX_MESSAGE: usize = 500;

/// Tasks that work for the state. All of them end when this is dropped.
#[derive(Debug)]
pub(super) struct Tasks {
    client: Client,
    graphics: Option<Arc<Graphics>>,
    player: Player,
    running: JoinSet<Option<Event>>,
    typing: Latest,
    page: Latest,
    release: Latest,
    poster: Latest,
    /// Permits to play.
    players: Arc<Semaphore>,
    /// The permit to decode or draw a picture, as such work cannot be cancelled.
    pictures: Arc<Semaphore>,
}

/// A task that ends when a newer one takes its place.
#[derive(Debug, Default)]
struct Latest(Option<AbortHandle>);

impl Latest {
    fn replace(&mut self, task: AbortHandle) {
        if let Some(old) = self.0.replace(task) {
            old.abort();
        }
    }
}

impl Tasks {
    pub(super) fn new(client: Client, player: Player) -> Self {
        Self {
            client,
            graphics: None,
            player,
            running: JoinSet::new(),
            typing: Latest::default(),
            page: Latest::default(),
            release: Latest::default(),
            poster: Latest::default(),
            players: Arc::new(Semaphore::new(MAX_PLAYERS)),
            pictures: Arc::new(Semaphore::new(1)),
        }
    }

    /// Sets the way in which posters are drawn. Default: none are drawn.
    pub(super) fn draw_with(&mut self, graphics: Graphics) {
        self.graphics = Some(Arc::new(graphics));
    }

    /// Starts a task for `effect`. A task of the same kind for something older is cancelled.
    pub(super) fn start(&mut self, effect: Effect) {
        match effect {
            Effect::WaitForTyping { query } => {
                let task = self.running.spawn(async move {
                    tokio::time::sleep(TYPING_PAUSE).await;
                    Some(Event::TypingPaused { query })
                });
                self.typing.replace(task);
            }
            Effect::LoadPage { query, text, page } => {
                let client = self.client.clone();
                let task = self.running.spawn(async move {
                    let result = load_page(&client, &text, page).await.map_err(|error| message(&error));
                    Some(Event::PageLoaded { query, result })
                });
                self.page.replace(task);
            }
            Effect::LoadRelease(id) => {
                let load = self.client.releases().get(id).exclude(["members", "sponsors"]);
                let task = self.running.spawn(async move {
                    let result = load.await.map(|release| Contents::from(&release));
                    Some(Event::ReleaseLoaded { id, result: result.map_err(|error| message(&error)) })
                });
                self.release.replace(task);
            }
            Effect::LoadPicture { id, path } => {
                let (client, pictures) = (self.client.clone(), self.pictures.clone());
                let task = self.running.spawn(async move {
                    let file = client.media_file(&path, poster::MAX_BYTES).await.ok();
                    let decode = move || Picture::decode(&file?).ok();
                    Some(Event::PictureLoaded { id, picture: compute(pictures, decode).await })
                });
                self.poster.replace(task);
            }
            Effect::DrawPoster { id, picture, size } => {
                let (graphics, pictures) = (self.graphics.clone(), self.pictures.clone());
                let task = self.running.spawn(async move {
                    let draw = move || graphics?.draw(&picture, size);
                    Some(Event::PosterDrawn { id, size, poster: compute(pictures, draw).await })
                });
                self.poster.replace(task);
            }
            Effect::Play { title, url } => self.play(title, url),
            Effect::Quit => self.running.abort_all(),
        }
    }

    fn play(&mut self, title: String, url: String) {
        let (player, permit) = (self.player.clone(), self.players.clone().try_acquire_owned());
        self.running.spawn(async move {
            let Ok(_permit) = permit else {
                return Some(Event::PlayerFailed(format!("{MAX_PLAYERS} players are running already")));
            };
            player.play(&title, &url).await.err().map(Event::PlayerFailed)
        });
    }

    /// Waits for the next event. Fails if a task panicked.
    ///
    /// # Cancel safety
    ///
    /// No event is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> anyhow::Result<Event> {
        while let Some(ended) = self.running.join_next().await {
            match ended {
                Ok(Some(event)) => return Ok(event),
                Ok(None) => {}
                Err(error) if error.is_cancelled() => {}
                Err(error) => return Err(error).context("a task of the browser failed"),
            }
        }
        pending().await
    }
}

/// Runs `work` on a thread that may block, with a permit of `permits`.
async fn compute<T: Send + 'static>(
    permits: Arc<Semaphore>,
    work: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    let permit = permits.acquire_owned().await.ok()?;
    let work = spawn_blocking(move || {
        let result = work();
        drop(permit);
        result
    });
    match work.await {
        Ok(result) => result,
        // The panic has restored the terminal, so that the browser cannot continue.
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => None,
    }
}

async fn load_page(client: &Client, text: &str, number: u32) -> Result<Page, Error> {
    let releases = client.catalog().releases().page(number).limit(PAGE_SIZE);
    let page = if text.is_empty() { releases.await? } else { releases.search(text).await? };
    let pages = page.pagination.total_pages;
    // Without a number of pages, a page that is not full is the last one.
    let received = page.items.len() + page.skipped.len();
    let has_next = pages.map_or(received >= PAGE_SIZE as usize, |pages| number < pages) && received > 0;
    Ok(Page {
        entries: page.items.iter().map(Entry::from).collect(),
        total: page.pagination.total,
        next: number.checked_add(1).filter(|_| has_next),
    })
}

fn message(error: &Error) -> String {
    text::line(&error.to_string()).chars().take(MAX_MESSAGE).collect()
}
