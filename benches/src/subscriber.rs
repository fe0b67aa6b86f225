//! A WebSocket client that costs next to nothing: the cores are shared with who is measured.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What stands before the time at which an event was sent, wherever in the event.
pub const SENT: &str = "sent:";

/// Room for a few events in one read.
const READ: usize = 2 << 10;

/// Most bytes of a head or a frame; a server that sends more is not one that is measured here.
const MOST: usize = 64 << 10;

/// Final frame of text.
const TEXT: u8 = 0x81;

/// Since 1970.
pub fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Subscriber {
    stream: TcpStream,
    /// What was read and not yet looked at.
    unread: Vec<u8>,
}

/// When an event was sent, and when it was there; both since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// When it was sent, as it says itself.
    pub sent: Duration,
    /// When its last byte was read.
    pub heard: Duration,
}

impl Subscriber {
    /// Opens the socket at `path`, says `wish`, and waits for the answer to that.
    pub async fn open(address: SocketAddr, path: &str, wish: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut subscriber = Self { stream, unread: Vec::new() };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        subscriber.stream.write_all(request.as_bytes()).await?;
        subscriber.head().await?;
        subscriber.stream.write_all(&frame(wish)?).await?;
        subscriber.next().await?;
        // Nothing is kept for a client that waits.
        subscriber.unread = Vec::new();
        Ok(subscriber)
    }

    /// Waits for so many events; other frames are passed over.
    pub async fn receive(&mut self, events: usize) -> io::Result<Vec<Delivery>> {
        let mut deliveries = Vec::with_capacity(events);
        while deliveries.len() < events {
            let frame = self.next().await?;
            deliveries.extend(sent(&frame).map(|sent| Delivery { sent, heard: now() }));
        }
        Ok(deliveries)
    }

    /// Reads the answer to the request.
    async fn head(&mut self) -> io::Result<()> {
        let end = loop {
            if let Some(end) = memmem::find(&self.unread, b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        if head.starts_with(b"HTTP/1.1 101") {
            return Ok(());
        }
        Err(io::Error::other(format!("no socket: {}", String::from_utf8_lossy(&head))))
    }

    /// The payload of the next frame.
    async fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some((start, end)) = bounds(&self.unread)
                && end <= self.unread.len()
            {
                let payload = self.unread.get(start..end).unwrap_or_default().to_vec();
                self.unread.drain(..end);
                return Ok(payload);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        if self.unread.len() > MOST {
            return Err(io::Error::other("more than a head or a frame has"));
        }
        let mut buffer = [0; READ];
        match self.stream.read(&mut buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.unread.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }
}

/// A short text as a client sends it. Masked with zeros, it stays as it is.
fn frame(text: &str) -> io::Result<Vec<u8>> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126);
    let length = length.ok_or_else(|| io::Error::other("a wish has at most 125 bytes"))?;
    Ok([&[TEXT, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat())
}

/// Where the payload of the frame at the start of `bytes` begins and ends; `None` while too little of it is there.
fn bounds(bytes: &[u8]) -> Option<(usize, usize)> {
    let (start, length) = match *bytes {
        [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        // Nothing that is sent here is as long as the third form is for.
        [_, length, ..] if length < 126 => (2, usize::from(length)),
        _ => return None,
    };
    Some((start, start + length))
}

/// When the event in `payload` was sent; `None` when it is none.
fn sent(payload: &[u8]) -> Option<Duration> {
    let at = memmem::find(payload, SENT.as_bytes())? + SENT.len();
    let digits = payload.get(at..)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let nanos = std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_by_their_heads() {
        assert_eq!(bounds(&[TEXT]), None);
        assert_eq!(bounds(&[TEXT, 5]), Some((2, 7)));
        assert_eq!(bounds(&[TEXT, 126, 1]), None);
        assert_eq!(bounds(&[TEXT, 126, 1, 0]), Some((4, 260)));
        assert_eq!(frame("hi").unwrap(), [TEXT, 0x82, 0, 0, 0, 0, b'h', b'i']);
    }

    #[test]
    fn event_tells_when_it_was_sent() {
        assert_eq!(sent(br#"{"name":"sent:1500"}"#), Some(Duration::from_nanos(1500)));
        assert_eq!(sent(br#"{"type":"subscribed"}"#), None);
    }
}
