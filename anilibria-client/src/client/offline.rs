//! Runs the examples of this documentation offline.

use std::future::Future;

use crate::{Client, Result, sandbox::Sandbox};

/// Runs `example` with a client of a small sandbox. An error in the example fails it.
#[doc(hidden)]
#[expect(clippy::expect_used, reason = "a failed example must fail its doc test")]
pub fn offline<F, Fut>(example: F)
where
    F: FnOnce(Client) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let sandbox = Sandbox::builder().releases(60).build().start().await.expect("a sandbox");
        let client = Client::builder().mirror(sandbox.api_url()).build().expect("a client");
        example(client).await.expect("the example");
    });
}
