//! A load generator: many keep-alive connections that ask for one thing again and again.

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

/// Room for a whole answer in one read.
const BUFFER: usize = 128 << 10;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Answers over all connections.
    pub answers: u32,
    /// Those per second.
    pub rate: f64,
    /// Half of the answers came within this time.
    pub p50: Duration,
    /// All but one in a hundred came within this time.
    pub p99: Duration,
}

/// Asks `address` for `path` over `connections` connections for `duration`. Any answer but 200 is an error.
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
    let answers = u32::try_from(times.len()).map_err(io::Error::other)?;
    let rate = f64::from(answers) / elapsed.as_secs_f64();
    Ok(Report { answers, rate, p50: at(50), p99: at(99) })
}

async fn connection(address: SocketAddr, request: Vec<u8>, end: Instant) -> io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut buffer, mut times) = (vec![0; BUFFER], Vec::new());
    while Instant::now() < end {
        let asked = Instant::now();
        stream.write_all(&request).await?;
        answer(&mut stream, &mut buffer).await?;
        times.push(asked.elapsed());
    }
    Ok(times)
}

/// Reads one answer to its end.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    let (head, length) = loop {
        filled += read(stream, &mut buffer[filled..]).await?;
        // Found fast: the cores are shared with who is measured, and whose heads are not the same length.
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
        return Err(io::Error::other(format!("the answer was {}", status.escape_ascii())));
    }
    // Found fast as well, the way that both write it: one of them has many more headers before it.
    let name = b"\r\ncontent-length: ";
    let value = memchr::memmem::find(head, name).and_then(|at| head.get(at + name.len()..));
    let value = value.ok_or_else(|| io::Error::other("the answer has no Content-Length"))?;
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit());
    Ok(digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_read_of_what_is_good_and_has_one() {
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\netag: \"7\"").unwrap(), 12);
        assert!(content_length(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 12").is_err());
        assert!(content_length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").is_err());
    }
}
