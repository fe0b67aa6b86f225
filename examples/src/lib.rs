//! The parts that the examples share: a client that is offline unless the program was started with `--live`, and the
//! announcements of bots.

mod announce;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

pub use self::announce::{Announcement, Announcer};

use anilibria_client::{
    Client,
    sandbox::{RunningSandbox, Sandbox},
};

/// A client, and the sandbox that it talks to when it is offline.
#[derive(Debug)]
pub struct Connection {
    /// The client.
    pub client: Client,
    /// Stops when it is dropped; `None` when the client talks to the live service.
    pub sandbox: Option<RunningSandbox>,
}

/// Connects to the live service if the program was started with `--live`, and to a new sandbox otherwise.
pub async fn connect() -> anyhow::Result<Connection> {
    if std::env::args().any(|argument| argument == "--live") {
        return Ok(Connection { client: Client::new()?, sandbox: None });
    }
    let sandbox = Sandbox::new().start().await?;
    let client = Client::builder().mirror(sandbox.api_url()).build()?;
    Ok(Connection { client, sandbox: Some(sandbox) })
}
