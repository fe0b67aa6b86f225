//! A server as a process of its own, seen from both sides.

use std::{io::stdin, net::SocketAddr};

use anilibria_benches::{
    child::Child,
    subscriber::{SENT, now},
};
use anilibria_server::titles::{model::episode::EpisodeNumber, notice};
use anyhow::Context as _;

use crate::{bare, service};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A poem server with tokio's broadcast and nothing else.
    Bare,
    /// Our service as it is served.
    Service,
}

impl Kind {
    /// The one that the process was started as, if this argument says so.
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

/// A server in another process; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> anyhow::Result<Self> {
        let mut child = Child::start([kind.argument()])?;
        let address = child.line()?.parse()?;
        Ok(Self { child, address })
    }

    /// Bytes of memory that it has in use.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        Ok(self.child.memory()?)
    }

    /// Has it publish so many events.
    pub(crate) fn publish(&mut self, events: usize) -> anyhow::Result<()> {
        self.child.order(&events.to_string())?;
        self.child.line()?;
        Ok(())
    }
}

/// Is the server: says where it listens, and publishes as many events as it is told to, until it is told nothing more.
pub(crate) async fn serve(kind: Kind) -> anyhow::Result<()> {
    let (bare, service) = match kind {
        Kind::Bare => (Some(bare::start().await?), None),
        Kind::Service => (None, Some(service::start().await?)),
    };
    let address = bare.as_ref().map(|bare| bare.address).or(service.as_ref().map(|service| service.address));
    println!("{}", address.context("nothing listens")?);
    let mut number = 0_u32;
    // What is served is served by other threads.
    for order in stdin().lines() {
        for _ in 0..order?.parse::<u32>()? {
            number += 1;
            let notice = episode(number);
            if let Some(bare) = &bare {
                bare.publish(&notice);
            }
            if let Some(service) = &service {
                service.publish(&notice).await?;
            }
        }
        println!("published");
    }
    Ok(())
}

/// A new episode, which says when it was made.
fn episode(number: u32) -> notice::Notice {
    notice::Notice::NewEpisode(notice::EpisodeNews {
        title_id: 9000,
        episode: EpisodeNumber::from(f64::from(number)),
        title: "Провожающая в последний путь Фрирен".to_owned(),
        episode_name: format!("{SENT}{}", now().as_nanos()),
        poster: Some("https://anilibria.top/storage/releases/posters/9000/poster.webp".to_owned()),
    })
}
