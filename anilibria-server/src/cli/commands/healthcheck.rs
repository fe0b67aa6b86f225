//! `healthcheck`: checks that a running service is alive, for container health checks.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream, ToSocketAddrs as _},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};

use crate::config::ListenAddress;

/// Timeout of each step: connecting, writing and reading.
const STEP_TIMEOUT: Duration = Duration::from_secs(3);

/// Checks that the service at `address` is alive.
///
/// # Errors
///
/// Returns an error if no address of the host responds with status 200.
pub fn run(address: &ListenAddress) -> anyhow::Result<()> {
    let ListenAddress { host, port } = address;
    ensure!(*port != 0, "PORT is 0: the port of the service is not known");
    // A service that listens on all addresses is reached over the loopback address.
    let host = match host.as_str() {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    };
    let mut last_error = None;
    for target in (host, *port).to_socket_addrs().with_context(|| format!("cannot resolve HOST {host}"))? {
        match request_liveness(target) {
            Ok(()) => return Ok(()),
            Err(error) => last_error = Some(error.context(format!("{target} is not alive"))),
        }
    }
    match last_error {
        Some(error) => Err(error),
        None => bail!("HOST {host} has no address"),
    }
}

/// Requests `/live` from `target`. It uses no HTTP client, because the check runs every few seconds and must be cheap.
fn request_liveness(target: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect_timeout(&target, STEP_TIMEOUT)?;
    stream.set_read_timeout(Some(STEP_TIMEOUT))?;
    stream.set_write_timeout(Some(STEP_TIMEOUT))?;
    // The request is sent in one write, because a service may respond and close after it has read the first line.
    let request = format!("GET /live HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status)?;
    ensure!(status.split(' ').nth(1) == Some("200"), "unexpected response: {}", status.trim_end());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, net::TcpListener, thread};

    use super::*;

    fn service_responding(response: &'static str) -> ListenAddress {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let len = stream.read(&mut request).unwrap();
            assert!(request[..len].starts_with(b"GET /live HTTP/1.1\r\n"));
            stream.write_all(response.as_bytes()).unwrap();
        });
        ListenAddress { host: "0.0.0.0".into(), port }
    }

    #[test]
    fn status_200_is_alive() {
        let address = service_responding("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");

        assert!(run(&address).is_ok());
    }

    #[test]
    fn any_other_status_is_an_error() {
        let address = service_responding("HTTP/1.1 503 Service Unavailable\r\n\r\n");

        let error = run(&address).unwrap_err();

        assert!(format!("{error:#}").contains("503"), "{error:#}");
    }

    #[test]
    fn unreachable_service_is_an_error() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();

        assert!(run(&ListenAddress { host: "127.0.0.1".into(), port: free }).is_err());
        assert!(run(&ListenAddress { host: "127.0.0.1".into(), port: 0 }).is_err());
    }
}
