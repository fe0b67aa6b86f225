//! A stand-in of AniLiberty that several runs of the program talk to.

use anilibria_client::sandbox::{RunningSandbox, Sandbox};
use tokio::runtime::Runtime;

/// A stand-in of AniLiberty over HTTP, until this is dropped.
pub(crate) struct Service {
    pub(crate) sandbox: RunningSandbox,
    url: String,
    _runtime: Runtime,
}

impl Service {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let sandbox = runtime.block_on(Sandbox::new().start()).unwrap();
        Self { url: sandbox.api_url(), sandbox, _runtime: runtime }
    }

    /// Returns `arguments` after those that make the program talk to this service.
    pub(crate) fn arguments<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["--base-url", self.url.as_str()], arguments].concat()
    }
}
