//! `sandbox`: serves only the sandbox.

use std::time::Duration;

use anilibria_http::listener::{self, Bounds};

use super::{
    banner::{account, announce},
    base_url, bind, block_on, sandbox_with, stop_signal,
};
use crate::{app::sandbox::SandboxEndpoint, cli::Alone, telemetry::logging};

/// Timeout of requests in progress at shutdown.
const DRAIN: Duration = Duration::from_secs(2);

/// Serves until a stop signal.
pub fn run(alone: &Alone) -> anyhow::Result<()> {
    let format = alone.log.format();
    logging::init(alone.log.log_level, format, None);
    block_on(async {
        let socket = bind(&alone.address).await?;
        let base = base_url(socket.local_addr()?);
        let lines = [
            ("AniLiberty sandbox", format!("{base}/api/v1")),
            ("Control calls", format!("{base}/sandbox")),
            ("Account", account()),
        ];
        announce(&base, format, &lines);
        let endpoint = SandboxEndpoint::new(sandbox_with(alone.catalog));
        listener::serve(socket, Bounds::default(), endpoint, stop_signal(), DRAIN).await
    })
}
