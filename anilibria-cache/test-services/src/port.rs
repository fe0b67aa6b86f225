//! Free ports, and servers that listen on them.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::process::StartError;

/// Maximum number of ports to try. Another process may take a free port first.
const ATTEMPTS: u32 = 5;

/// Limit for one response.
const RESPONSE_LIMIT: Duration = Duration::from_secs(2);

/// Returns a free port of 127.0.0.1. Another process may take it before the caller listens.
pub(crate) fn free() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Calls `start` with a free port, and repeats the call with another port while the port is taken.
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

/// Returns true if an HTTP server on `port` responds. The request is malformed, so any response counts.
pub(crate) fn answers_http(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(RESPONSE_LIMIT))?;
        stream.write_all(b"?\r\n\r\n")?;
        stream.read_exact(&mut [0])
    };
    ask().is_ok()
}
