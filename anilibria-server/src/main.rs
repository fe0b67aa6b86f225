//! Starts the service.

use std::process::ExitCode;

fn main() -> ExitCode {
    anilibria_server::cli::run()
}
