//! `anilibria man`: manual pages.

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, ValueHint};

use crate::cli::Cli;

/// Prints the manual page, or writes one for each command
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Directory of the pages of all commands, which is created if missing
    #[arg(long, value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let Some(dir) = &self.dir else {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            return Ok(io::stdout().write_all(&page)?);
        };
        let in_dir = || format!("cannot write manual pages to `{}`", dir.display());
        fs::create_dir_all(dir)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
            .with_context(in_dir)
    }
}
