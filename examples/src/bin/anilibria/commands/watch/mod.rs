//! `anilibria watch`: new episodes and releases as they appear.

mod exec;
mod line;
mod state;

use std::{path::PathBuf, time::Duration};

use anilibria_client::{
    Error,
    model::ReleaseId,
    sandbox::Sandbox,
    watch::{EventKind, WatchBuilder},
};
use anyhow::Context as _;
use clap::{Args, ValueHint};
use futures::StreamExt as _;
use tokio::time::{interval, sleep};

use self::exec::{Executor, Program};
use super::{Context, releases};
use crate::{connection::SANDBOX_RELEASE, exit, output};

/// Poll interval in the sandbox, whose requests disturb no one.
const SANDBOX_POLL: Duration = Duration::from_millis(200);
/// Time to the first episode that the sandbox publishes.
const SANDBOX_FIRST: Duration = Duration::from_secs(1);
/// Time between two episodes that the sandbox publishes.
const SANDBOX_NEXT: Duration = Duration::from_secs(3);

/// Prints new episodes and releases as they appear, until Ctrl-C
///
/// With `--json` each event is an object in one line. With `--sandbox` an episode is published after a second, and another one
/// every three seconds.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// Watches a release only, by id or alias; may be given several times
    #[arg(long, value_name = "RELEASE")]
    release: Vec<String>,
    /// Watches the favorites of the account only
    #[arg(long, conflicts_with = "release")]
    favorites: bool,
    /// Prints changes of episodes and of the status of releases as well
    #[arg(long)]
    all: bool,
    /// Usual number of seconds between two polls, from 10 to 3600; more often when an episode is due
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=3600))]
    every: u64,
    /// Ends after this number of events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Continues from the state in this file, and keeps the state there, so that a restart misses nothing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    state: Option<PathBuf>,
    /// Runs a program for each event, such as 'notify-send "New episode"'
    ///
    /// The text is split into a program and its arguments as a shell does, and no shell is involved. The program receives the
    /// event as JSON on stdin and in the variables `ANILIBRIA_EVENT`, `ANILIBRIA_RELEASE_ID`, `ANILIBRIA_RELEASE_ALIAS`,
    /// `ANILIBRIA_RELEASE_NAME`, `ANILIBRIA_RELEASE_URL`, `ANILIBRIA_EPISODE` and `ANILIBRIA_EPISODE_NAME`. Its output goes to
    /// stderr. A failure is reported and does not end the watch; a program is killed after ten minutes.
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::CommandString)]
    exec: Option<Program>,
    /// Maximum number of programs that run at the same time, from 1 to 64
    #[arg(long, value_name = "N", default_value_t = 4, requires = "exec", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
}

impl Watch {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let ids = releases::ids(context, &self.release).await?;
        let watch = self.builder(context, &ids).await?;
        let cursor = match &self.state {
            Some(file) => state::load(file).await?,
            None => None,
        };
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => watch.present().await?,
        };
        if let Some(sandbox) = &context.connection.sandbox {
            let release = ids.first().map_or(SANDBOX_RELEASE, |id| id.get());
            tokio::spawn(publish((**sandbox).clone(), release));
        }
        let mut executor = self.exec.map(|program| Executor::new(program, self.jobs));
        let mut events = watch.since(cursor).events();
        let mut left = self.count;
        while left != Some(0) {
            let event = match events.next().await.context("the watcher has ended")? {
                Ok(event) => event,
                Err(error @ (Error::NoSession | Error::Unauthorized { .. })) => return Err(error.into()),
                Err(error) => {
                    exit::report(&anyhow::Error::new(error).context("cannot poll, trying again"));
                    continue;
                }
            };
            if context.is_json {
                output::json(&event)?;
            } else {
                output::line(line::of(&event))?;
            }
            if let Some(executor) = &mut executor {
                executor.start(context.client(), &event).await?;
            }
            if let (Some(file), Some(cursor)) = (&self.state, events.cursor()) {
                state::save(file, &cursor).await?;
            }
            left = left.map(|left| left - 1);
        }
        if let Some(executor) = executor {
            executor.finish().await;
        }
        Ok(())
    }

    /// Returns the watcher that the options describe.
    async fn builder(&self, context: &Context, ids: &[ReleaseId]) -> anyhow::Result<WatchBuilder> {
        let is_sandbox = context.connection.sandbox.is_some();
        let every = if is_sandbox { SANDBOX_POLL } else { Duration::from_secs(self.every) };
        let mut watch = context.client().watch().every(every);
        if !self.all {
            watch = watch.kinds([EventKind::NewEpisode, EventKind::NewRelease]);
        }
        if self.favorites {
            context.connection.log_in_to_sandbox().await?;
            watch = watch.favorites();
        }
        if !ids.is_empty() {
            watch = watch.ids(ids);
        }
        Ok(watch)
    }
}

/// Publishes episodes in the sandbox, so that there is something to see.
async fn publish(sandbox: Sandbox, release: u32) {
    sleep(SANDBOX_FIRST).await;
    let mut ticks = interval(SANDBOX_NEXT);
    loop {
        ticks.tick().await;
        if let Err(error) = sandbox.publish_episode(release) {
            return exit::report(&anyhow::Error::new(error).context("cannot publish in the sandbox"));
        }
    }
}
