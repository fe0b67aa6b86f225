//! A WebSocket client with minimal cost, because it shares the cores with the server.

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

/// Text before the time of publication in an event, in any of its fields.
pub const SENT_PREFIX: &str = "sent:";

/// Size of a read, enough for a few events.
const READ_SIZE: usize = 2 << 10;

/// Maximum size of a response head or a frame in bytes.
const MAX_BYTES: usize = 64 << 10;

/// First byte of a final text frame.
const TEXT: u8 = 0x81;

/// Returns the time since 1970.
pub fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// An open WebSocket connection.
#[derive(Debug)]
pub struct Subscriber {
    stream: TcpStream,
    /// Bytes that were read but not yet parsed.
    unread: Vec<u8>,
}

/// Time of publication and time of arrival of an event, both since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// Time of publication, from the event itself.
    pub sent: Duration,
    /// Time when the last byte was read.
    pub received: Duration,
}

impl Subscriber {
    /// Opens a WebSocket at `path`, sends `subscription`, and waits for one response.
    pub async fn open(address: SocketAddr, path: &str, subscription: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut subscriber = Self { stream, unread: Vec::new() };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        subscriber.stream.write_all(request.as_bytes()).await?;
        subscriber.head().await?;
        subscriber.stream.write_all(&frame(subscription)?).await?;
        subscriber.next().await?;
        // Releases the buffer, so that an idle client needs no memory.
        subscriber.unread = Vec::new();
        Ok(subscriber)
    }

    /// Waits for `events` events. Skips other frames.
    pub async fn receive(&mut self, events: usize) -> io::Result<Vec<Delivery>> {
        let mut deliveries = Vec::with_capacity(events);
        while deliveries.len() < events {
            let frame = self.next().await?;
            deliveries.extend(sent(&frame).map(|sent| Delivery { sent, received: now() }));
        }
        Ok(deliveries)
    }

    /// Reads the head of the response.
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
        Err(io::Error::other(format!("the WebSocket handshake failed: {}", String::from_utf8_lossy(&head))))
    }

    /// Returns the payload of the next frame.
    pub async fn next(&mut self) -> io::Result<Vec<u8>> {
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
        if self.unread.len() > MAX_BYTES {
            return Err(io::Error::other("a head or a frame is too large"));
        }
        let mut buffer = [0; READ_SIZE];
        match self.stream.read(&mut buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.unread.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }
}

/// Encodes a short text frame of a client. The mask is zero, so the payload is unchanged.
fn frame(text: &str) -> io::Result<Vec<u8>> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126);
    let length = length.ok_or_else(|| io::Error::other("a subscription must not exceed 125 bytes"))?;
    Ok([&[TEXT, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat())
}

/// Returns the bounds of the payload of the first frame in `bytes`. `None` if the head of the frame is incomplete.
fn bounds(bytes: &[u8]) -> Option<(usize, usize)> {
    let (start, length) = match *bytes {
        [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        // The third form is for payloads of 64 KiB and more, which no server sends here.
        [_, length, ..] if length < 126 => (2, usize::from(length)),
        _ => return None,
    };
    Some((start, start + length))
}

/// Returns the time of publication in `payload`. `None` if the payload is not an event.
fn sent(payload: &[u8]) -> Option<Duration> {
    let at = memmem::find(payload, SENT_PREFIX.as_bytes())? + SENT_PREFIX.len();
    let digits = payload.get(at..)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let nanos = std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_a_frame_follow_from_its_head() {
        assert_eq!(bounds(&[TEXT]), None);
        assert_eq!(bounds(&[TEXT, 5]), Some((2, 7)));
        assert_eq!(bounds(&[TEXT, 126, 1]), None);
        assert_eq!(bounds(&[TEXT, 126, 1, 0]), Some((4, 260)));
        assert_eq!(frame("hi").unwrap(), [TEXT, 0x82, 0, 0, 0, 0, b'h', b'i']);
    }

    #[test]
    fn events_contain_the_time_of_publication() {
        assert_eq!(sent(br#"{"name":"sent:1500"}"#), Some(Duration::from_nanos(1500)));
        assert_eq!(sent(br#"{"type":"subscribed"}"#), None);
    }
}
