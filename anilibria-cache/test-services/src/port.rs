//! Ports that nobody listens on.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::process::StartError;

/// How many free ports to try: on each, another process may be faster.
const ATTEMPTS: u32 = 5;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

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

/// Whether an HTTP server on `port` answers, if only that this is no request.
pub(crate) fn answers_http(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"?\r\n\r\n")?;
        stream.read_exact(&mut [0])
    };
    ask().is_ok()
}
