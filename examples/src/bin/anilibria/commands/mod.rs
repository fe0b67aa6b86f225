//! The commands, a file each.

pub(crate) mod search;

use anilibria_client::Client;
use serde::Serialize;

use crate::{
    browser,
    cli::{Cli, Command},
    connection::Connection,
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

    /// Prints `value` as JSON, or the table that `table` makes of it.
    pub(crate) fn print<T: Serialize>(
        &self,
        value: &T,
        table: impl FnOnce(&T) -> Table,
    ) -> anyhow::Result<()> {
        if self.is_json {
            return output::json(value);
        }
        Ok(output::table(&table(value))?)
    }
}

/// Runs the command of `cli`, or the browser without one.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let connection = Connection::open(&cli.global).await?;
    let context = Context { connection, is_json: cli.global.json };
    match cli.command {
        None => {
            context.connection.log_in_to_sandbox().await?;
            browser::run(context.connection.client.clone()).await
        }
        Some(Command::Search(search)) => search.run(&context).await,
    }
}
