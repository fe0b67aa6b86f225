//! A load generator: keep-alive connections that repeat one request.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// Size of the read buffer, large enough for a whole response.
const BUFFER: usize = 128 << 10;

/// Results of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Number of responses of all connections.
    pub responses: u32,
    /// Responses per second.
    pub rate: f64,
    /// Median of the response times.
    pub p50: Duration,
    /// 99th percentile of the response times.
    pub p99: Duration,
}

/// Requests `path` from `address` over `connections` connections for `duration`.
///
/// # Errors
///
/// A connection fails, or a response has another status than 200.
pub async fn run(
    address: SocketAddr,
    path: &str,
    connections: usize,
    duration: Duration,
) -> io::Result<Report> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let (start, mut tasks) = (Instant::now(), JoinSet::new());
    for _ in 0..connections {
        tasks.spawn(connection(address, request.clone().into_bytes(), start + duration));
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done.map_err(io::Error::other)??);
    }
    let elapsed = start.elapsed();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    let responses = u32::try_from(times.len()).map_err(io::Error::other)?;
    let rate = f64::from(responses) / elapsed.as_secs_f64();
    Ok(Report { responses, rate, p50: at(50), p99: at(99) })
}

async fn connection(address: SocketAddr, request: Vec<u8>, end: Instant) -> io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut buffer, mut times) = (vec![0; BUFFER], Vec::new());
    while Instant::now() < end {
        let asked = Instant::now();
        stream.write_all(&request).await?;
        read_response(&mut stream, &mut buffer).await?;
        times.push(asked.elapsed());
    }
    Ok(times)
}

/// Reads one response to its end.
async fn read_response(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    let (head, length) = loop {
        filled += read(stream, &mut buffer[filled..]).await?;
        // `memmem`, because the generator shares the cores with the server, and servers send heads of different lengths.
        if let Some(end) = memchr::memmem::find(&buffer[..filled], b"\r\n\r\n") {
            break (end + 4, content_length(&buffer[..end])?);
        }
    };
    let mut left = (head + length).saturating_sub(filled);
    while left > 0 {
        let room = left.min(buffer.len());
        left -= read(stream, &mut buffer[..room]).await?;
    }
    Ok(())
}

async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.read(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => Ok(count),
    }
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    if !head.starts_with(b"HTTP/1.1 200") {
        let status = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        return Err(io::Error::other(format!("the response was {}", status.escape_ascii())));
    }
    // One exact spelling is enough for both servers, and `memmem` costs the same for short and long heads.
    let name = b"\r\ncontent-length: ";
    let value = memchr::memmem::find(head, name).and_then(|at| head.get(at + name.len()..));
    let value = value.ok_or_else(|| io::Error::other("the response has no Content-Length"))?;
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit());
    Ok(digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_read_from_successful_responses_only() {
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\netag: \"7\"").unwrap(), 12);
        assert!(content_length(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 12").is_err());
        assert!(content_length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").is_err());
    }
}
