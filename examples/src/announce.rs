//! The part that bots share: each new episode is announced once, also after a restart.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anilibria_client::{
    Client,
    watch::{Cursor, Event, EventKind, Events, WatchBuilder},
};
use anyhow::Context;
use futures::StreamExt;

/// Number of attempts to send an announcement.
const ATTEMPTS: u32 = 5;

/// A new episode, as a bot announces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Name of the release and number of the episode.
    pub text: String,
    /// Page of the release.
    pub page: Option<String>,
    /// Poster of the release.
    pub poster: Option<String>,
}

/// A watcher for new episodes that keeps its position in a file.
#[derive(Debug)]
pub struct Announcer {
    client: Client,
    events: Events,
    position: Option<PathBuf>,
}

impl Announcer {
    /// Starts at the position in the file, or in the present if there is no file.
    ///
    /// # Errors
    ///
    /// An error if AniLibria cannot be reached, or if the file cannot be read or written.
    pub async fn start(
        client: &Client,
        watch: WatchBuilder,
        position: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let cursor = match &position {
            Some(file) if file.exists() => {
                load(file).with_context(|| format!("cannot read {}", file.display()))?
            }
            _ => watch.present().await?,
        };
        let events = watch.kinds([EventKind::NewEpisode]).since(cursor).events();
        let announcer = Self { client: client.clone(), events, position };
        announcer.save()?;
        Ok(announcer)
    }

    /// Calls `send` for the next `count` new episodes.
    ///
    /// A failed `send` is repeated up to four times. The position moves on after a successful `send`: a restart announces
    /// the episodes that came out meanwhile.
    ///
    /// # Errors
    ///
    /// The last error of `send`, and an error if the file cannot be written.
    pub async fn run(
        &mut self,
        count: usize,
        send: impl AsyncFn(&Announcement) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut announced = 0;
        while announced < count {
            match self.events.next().await {
                Some(Ok(Event::NewEpisode { release, episode })) => {
                    let announcement = Announcement {
                        text: format!("{}: episode {} is out", release.name.main, episode.ordinal),
                        page: release.page_url(&self.client),
                        poster: release.poster_url(&self.client),
                    };
                    send_with_retries(&announcement, &send).await?;
                    self.save()?;
                    announced += 1;
                }
                Some(Ok(event)) => eprintln!("{event:?}"),
                Some(Err(error)) => eprintln!("{error}; the watcher retries"),
                None => break,
            }
        }
        Ok(())
    }

    /// Writes the position to a new file that then replaces the old one.
    fn save(&self) -> anyhow::Result<()> {
        let (Some(file), Some(cursor)) = (&self.position, self.events.cursor()) else { return Ok(()) };
        let new = file.with_extension("new");
        fs::write(&new, cursor.to_bytes())
            .and_then(|()| fs::rename(&new, file))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

fn load(file: &Path) -> anyhow::Result<Cursor> {
    Ok(Cursor::from_bytes(&fs::read(file)?)?)
}

async fn send_with_retries(
    announcement: &Announcement,
    send: impl AsyncFn(&Announcement) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut attempt = 1;
    loop {
        match send(announcement).await {
            Err(error) if attempt < ATTEMPTS => eprintln!("{error:#}; attempt {attempt} of {ATTEMPTS}"),
            result => return result,
        }
        tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::{Connection, connect};

    #[tokio::test]
    async fn restart_announces_what_came_out_meanwhile_and_nothing_twice() {
        let directory = tempfile::tempdir().unwrap();
        let position = Some(directory.path().join("position"));
        let Connection { client, sandbox } = connect().await.unwrap();
        let sandbox = sandbox.unwrap();
        let watch = client.watch().every(Duration::from_millis(20));
        let texts = RefCell::new(Vec::new());
        let send = async |news: &Announcement| {
            texts.borrow_mut().push(news.text.clone());
            Ok(())
        };

        let before = Announcer::start(&client, watch.clone(), position.clone()).await.unwrap();
        drop(before);
        let first = sandbox.publish_episode(7).unwrap();
        let mut announcer = Announcer::start(&client, watch.clone(), position.clone()).await.unwrap();
        announcer.run(1, send).await.unwrap();
        drop(announcer);
        let second = sandbox.publish_episode(9).unwrap();
        let mut announcer = Announcer::start(&client, watch, position).await.unwrap();
        announcer.run(1, send).await.unwrap();

        let texts = texts.into_inner();
        assert!(texts[0].ends_with(&format!("episode {} is out", first.ordinal)), "{texts:?}");
        assert!(texts[1].ends_with(&format!("episode {} is out", second.ordinal)), "{texts:?}");
        assert_eq!(texts.len(), 2);
    }

    #[tokio::test]
    async fn failed_announcement_is_repeated() {
        let Connection { client, sandbox } = connect().await.unwrap();
        let sandbox = sandbox.unwrap();
        let watch = client.watch().every(Duration::from_millis(20));
        let mut announcer = Announcer::start(&client, watch, None).await.unwrap();
        sandbox.publish_episode(7).unwrap();
        let attempts = Cell::new(0);

        let result = announcer.run(1, async |_| {
            attempts.set(attempts.get() + 1);
            anyhow::ensure!(attempts.get() > 1, "the chat is busy");
            Ok(())
        });

        result.await.unwrap();
        assert_eq!(attempts.get(), 2);
    }

    #[tokio::test]
    async fn damaged_position_is_an_error_that_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let position = directory.path().join("position");
        fs::write(&position, "{}").unwrap();
        let connection = connect().await.unwrap();
        let client = connection.client;

        let error = Announcer::start(&client, client.watch(), Some(position.clone())).await.unwrap_err();

        assert!(format!("{error:#}").contains(&position.display().to_string()), "{error:#}");
        assert_eq!(fs::read(position).unwrap(), b"{}");
    }
}
