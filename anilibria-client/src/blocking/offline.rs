//! Runs the examples of this documentation offline.

use super::{Client, Runtime};
use crate::{Result, sandbox::Sandbox};

/// Runs `example` with a blocking client of a small sandbox. What fails in it fails the example.
#[doc(hidden)]
#[expect(clippy::expect_used, reason = "an example that fails must be seen to fail")]
pub fn offline(example: impl FnOnce(Client) -> Result<()>) {
    let runtime = Runtime::start().expect("a runtime");
    let sandbox = Sandbox::builder().releases(60).build();
    let sandbox =
        runtime.block_on(async move { sandbox.start().await }).expect("a runtime").expect("a sandbox");
    let client = crate::Client::builder().mirror(sandbox.api_url()).build().expect("a client");
    example(Client::with_runtime(client, runtime)).expect("the example");
}
