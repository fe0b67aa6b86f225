//! `sandbox`: serves only the sandbox.

use std::time::Duration;

use anilibria_http::listener::{self, ConnectionLimits};

use super::{
    banner::{account, announce},
    base_url, bind, block_on, sandbox_with, stop_signal,
};
use crate::{app::sandbox::SandboxEndpoint, cli::SandboxArgs, telemetry::logging};

/// Maximum time to finish requests at a shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves the sandbox until a stop signal.
///
/// # Errors
///
/// Returns an error if the address cannot be bound, or if the listener fails.
pub fn run(args: &SandboxArgs) -> anyhow::Result<()> {
    let format = args.log.format();
    logging::init(args.log.log_level, format, None);
    block_on(async {
        let socket = bind(&args.address).await?;
        let base = base_url(socket.local_addr()?);
        let lines = [
            ("AniLiberty sandbox", format!("{base}/api/v1")),
            ("Control calls", format!("{base}/sandbox")),
            ("Account", account()),
        ];
        announce(&base, format, &lines);
        let endpoint = SandboxEndpoint::new(sandbox_with(args.catalog));
        listener::serve(socket, ConnectionLimits::default(), endpoint, stop_signal(), SHUTDOWN_TIMEOUT).await
    })
}
