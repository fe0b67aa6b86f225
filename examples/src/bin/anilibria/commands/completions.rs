//! `anilibria completions`: completions for a shell.

use std::io::{self, Write as _};

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::cli::Cli;

/// Prints completions for a shell
#[derive(Args, Debug)]
pub(crate) struct Completions {
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        // `generate` panics if the writer fails, as a closed pipe does.
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "anilibria", &mut script);
        Ok(io::stdout().write_all(&script)?)
    }
}
