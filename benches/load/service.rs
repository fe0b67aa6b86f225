//! The service, as users run it.

use std::{env, path::PathBuf, process::Command};

use anyhow::{Context as _, ensure};

use crate::{
    arguments::Arguments,
    running::{Running, free_address},
};

/// Starts the service with its sandbox and all middleware.
pub(crate) fn start(arguments: &Arguments) -> anyhow::Result<Running> {
    let executable = arguments.server.clone().map_or_else(build, Ok)?;
    let address = free_address()?;
    let mut command = Command::new(executable);
    command.args(["--sandbox", "--host", "127.0.0.1", "--port", &address.port().to_string()]);
    // High enough that requests are counted but never rejected.
    command.args(["--rate-limit-requests-per-minute=1000000000", "--rate-limit-burst=1000000000"]);
    Running::start("anilibria-server", address, command)
}

/// Builds the service with the profile of this program, and returns its path.
fn build() -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?;
    // `target/release/deps/load-…`: Cargo puts the executables of packages one level higher.
    let directory = program.ancestors().nth(2).context("the directory of the build is unknown")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package", "anilibria-server"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "the service does not build");
    Ok(directory.join("anilibria-server").with_extension(env::consts::EXE_EXTENSION))
}
