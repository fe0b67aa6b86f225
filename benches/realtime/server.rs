//! A server in a separate process: the handle in the parent, and the code of the child.

use std::{io::stdin, net::SocketAddr};

use anilibria_benches::{
    child::Child,
    subscriber::{SENT_PREFIX, now},
};
use anilibria_server::titles::{change, model::episode::EpisodeNumber};
use anyhow::Context as _;

use crate::{bare, service};

/// Kind of the measured server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A minimal poem server on tokio's broadcast channel.
    Bare,
    /// The complete service.
    Service,
}

impl Kind {
    /// Returns the kind that `argument` starts. `None` if `argument` is for the parent process.
    pub(crate) fn of_argument(argument: &str) -> Option<Self> {
        [Self::Bare, Self::Service].into_iter().find(|kind| kind.argument() == argument)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Service => "ours",
        }
    }

    fn argument(self) -> String {
        format!("serve-{}", self.name())
    }
}

/// A server in a child process, which ends when the handle is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> anyhow::Result<Self> {
        let mut child = Child::start([kind.argument()])?;
        let address = child.read_line()?.parse()?;
        Ok(Self { child, address })
    }

    /// Resident memory of the process, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        Ok(self.child.memory()?)
    }

    /// Publishes `events` events.
    pub(crate) fn publish(&mut self, events: usize) -> anyhow::Result<()> {
        self.child.write_line(&events.to_string())?;
        self.child.read_line()?;
        Ok(())
    }
}

/// Runs the server. Prints its address, then reads the number of events to publish from each line of stdin, until stdin ends.
pub(crate) async fn serve(kind: Kind) -> anyhow::Result<()> {
    let (bare, service) = match kind {
        Kind::Bare => (Some(bare::start().await?), None),
        Kind::Service => (None, Some(service::start().await?)),
    };
    let address = bare.as_ref().map(|bare| bare.address).or(service.as_ref().map(|service| service.address));
    println!("{}", address.context("no server was started")?);
    let mut number = 0_u32;
    // Other threads serve the clients.
    for order in stdin().lines() {
        for _ in 0..order?.parse::<u32>()? {
            number += 1;
            let change = episode(number);
            if let Some(bare) = &bare {
                bare.publish(&change);
            }
            if let Some(service) = &service {
                service.publish(&change).await?;
            }
        }
        println!("published");
    }
    Ok(())
}

/// Returns a new episode whose name contains the current time.
fn episode(number: u32) -> change::TitleChange {
    change::TitleChange::NewEpisode(change::EpisodeChange {
        title_id: 9000,
        episode: EpisodeNumber::from(f64::from(number)),
        title: "Провожающая в последний путь Фрирен".to_owned(),
        episode_name: format!("{SENT_PREFIX}{}", now().as_nanos()),
        poster: Some("https://anilibria.top/storage/releases/posters/9000/poster.webp".to_owned()),
    })
}
