//! A sandbox and a blocking client of it, on one runtime.

use anilibria_client::{
    Client as AsyncClient,
    blocking::{Client, Runtime},
    sandbox::{RunningSandbox, Sandbox},
};

pub(crate) struct Fixture {
    pub(crate) client: Client,
    pub(crate) sandbox: RunningSandbox,
}

impl Fixture {
    /// Starts a sandbox with 60 releases.
    pub(crate) fn new() -> Self {
        let runtime = Runtime::start().unwrap();
        let sandbox = Sandbox::builder().releases(60).build();
        let sandbox = runtime.block_on(async move { sandbox.start().await }).unwrap().unwrap();
        let client = AsyncClient::builder().mirror(sandbox.api_url()).build().unwrap();
        Self { client: Client::with_runtime(client, runtime), sandbox }
    }

    pub(crate) fn logged_in() -> Self {
        let fixture = Self::new();
        fixture.client.session().log_in("demo", "demo").unwrap();
        fixture
    }
}
