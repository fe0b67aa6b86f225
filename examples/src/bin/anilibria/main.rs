//! AniLibria in the terminal: `anilibria --help` lists the commands.

mod browser;
mod cli;
mod commands;
mod connection;
mod exit;
mod output;

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use tokio::{runtime::Runtime, signal::ctrl_c};

use crate::{cli::Cli, exit::Failure};

/// Time that a write to disk has to finish after Ctrl-C. A thread that waits for input does not delay the end for longer.
const GRACE: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.global.color.apply();
    exit::finish(run(cli))
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = commands::run(cli) => outcome,
            interrupt = ctrl_c() => Err(interrupt.map_or_else(Into::into, |()| Failure::Interrupted.into())),
        }
    });
    runtime.shutdown_timeout(GRACE);
    outcome
}
