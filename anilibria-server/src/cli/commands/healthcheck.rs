//! `healthcheck`: checks that a running service is alive, for container health checks.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream, ToSocketAddrs as _},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};

use crate::config::ListenAddress;

/// Timeout of each step of the exchange.
const PATIENCE: Duration = Duration::from_secs(3);

/// Succeeds if the service at `address` answers that it is alive.
pub fn run(address: &ListenAddress) -> anyhow::Result<()> {
    let ListenAddress { host, port } = address;
    ensure!(*port != 0, "PORT is 0, so the port of the service is not known");
    // A service that listens at all addresses is reached over the loopback address.
    let host = match host.as_str() {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    };
    let mut last = None;
    for target in (host, *port).to_socket_addrs().with_context(|| format!("cannot resolve HOST {host}"))? {
        match ask(target) {
            Ok(()) => return Ok(()),
            Err(error) => last = Some(error.context(format!("{target} does not live"))),
        }
    }
    match last {
        Some(error) => Err(error),
        None => bail!("HOST {host} has no address"),
    }
}

/// Sends one request without an HTTP client: the check runs every few seconds and must be cheap.
fn ask(target: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect_timeout(&target, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // Sent in one write, because a service may answer and close after it has read the first line.
    let request = format!("GET /live HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status)?;
    ensure!(status.split(' ').nth(1) == Some("200"), "it answered {:?}", status.trim_end());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, net::TcpListener, thread};

    use super::*;

    fn service_answering(answer: &'static str) -> ListenAddress {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let len = stream.read(&mut request).unwrap();
            assert!(request[..len].starts_with(b"GET /live HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        ListenAddress { host: "0.0.0.0".into(), port }
    }

    #[test]
    fn living_service_is_healthy() {
        let address = service_answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");

        assert!(run(&address).is_ok());
    }

    #[test]
    fn any_other_answer_is_not() {
        let address = service_answering("HTTP/1.1 503 Service Unavailable\r\n\r\n");

        let error = run(&address).unwrap_err();

        assert!(format!("{error:#}").contains("503"), "{error:#}");
    }

    #[test]
    fn silence_is_not() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();

        assert!(run(&ListenAddress { host: "127.0.0.1".into(), port: free }).is_err());
        assert!(run(&ListenAddress { host: "127.0.0.1".into(), port: 0 }).is_err());
    }
}
