//! The terminal browser.

use anilibria_client::Client;

/// Runs the browser until the user leaves it.
#[expect(clippy::unused_async, reason = "the browser reads from the service")]
pub(crate) async fn run(_client: Client) -> anyhow::Result<()> {
    anyhow::bail!("the terminal browser is not built yet")
}
