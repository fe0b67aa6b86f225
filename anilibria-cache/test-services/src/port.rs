//! Ports that nobody listens on.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, bail};

use crate::process::StartError;

/// How many free ports to try: on each, another process may be faster.
const ATTEMPTS: u32 = 5;

/// A port of 127.0.0.1 that was free a moment ago; another process may still be faster to take it.
pub(crate) fn free() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Runs `start` with a free port, and again with another one if it was taken in between.
pub(crate) fn start_on_free<T>(mut start: impl FnMut(u16) -> Result<T, StartError>) -> anyhow::Result<T> {
    for _ in 0..ATTEMPTS {
        match start(free()?) {
            Err(StartError::PortTaken) => {}
            Err(StartError::Other(error)) => return Err(error),
            Ok(started) => return Ok(started),
        }
    }
    bail!("{ATTEMPTS} free ports were taken before the server could listen on them");
}
