//! The commands, a file each.

pub(crate) mod completions;
pub(crate) mod download;
pub(crate) mod favorites;
pub(crate) mod history;
pub(crate) mod latest;
pub(crate) mod login;
pub(crate) mod man;
mod releases;
pub(crate) mod schedule;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod torrent;
pub(crate) mod watch;

use anilibria_client::Client;
use serde::Serialize;

use crate::{
    browser,
    cli::{Cli, Command, LocalCommand, ServiceCommand},
    connection::Connection,
    exit::Failure,
    output::{self, Table},
};

/// Everything that a command works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) connection: Connection,
    /// True if the output is JSON.
    pub(crate) is_json: bool,
}

impl Context {
    pub(crate) fn client(&self) -> &Client {
        &self.connection.client
    }

    /// Prints a list as JSON, or as the table that `table` makes of it. Fails with `nothing` if the list is empty.
    fn print<T: Serialize>(
        &self,
        list: &[T],
        table: impl FnOnce(&[T]) -> Table,
        nothing: impl Into<String>,
    ) -> anyhow::Result<()> {
        if self.is_json {
            output::json(&list)?;
        } else if !list.is_empty() {
            output::table(&table(list))?;
        }
        if list.is_empty() { Err(Failure::NothingFound(nothing.into()).into()) } else { Ok(()) }
    }
}

/// Runs the command of `cli`, or the browser without one.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let command = match cli.command {
        Some(Command::Local(LocalCommand::Completions(completions))) => return completions.run(),
        Some(Command::Local(LocalCommand::Man(man))) => return man.run(),
        Some(Command::Service(command)) => Some(command),
        None => None,
    };
    if command.is_none() {
        browser::ensure_terminal()?;
    }
    let connection = Connection::open(&cli.global).await?;
    let context = Context { connection, is_json: cli.global.json };
    if let Some(command) = command {
        return command.run(&context).await;
    }
    context.connection.log_in_to_sandbox().await?;
    browser::run(context.client().clone()).await
}

impl ServiceCommand {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Search(search) => search.run(context).await,
            Self::Show(show) => show.run(context).await,
            Self::Latest(latest) => latest.run(context).await,
            Self::Schedule(schedule) => schedule.run(context).await,
            Self::Watch(watch) => watch.run(context).await,
            Self::Download(download) => download.run(context).await,
            Self::Torrent(torrent) => torrent.run(context).await,
            Self::Login(login) => login.run(context).await,
            Self::Logout => login::log_out(context).await,
            Self::Favorites(favorites) => favorites.run(context).await,
            Self::History(history) => history.run(context).await,
        }
    }
}
