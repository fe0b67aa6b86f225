//! Timeouts of a connection.
//!
//! hyper's `header_read_timeout` is not used: hyper starts it when a connection becomes idle, so it would also limit how
//! long a kept-alive connection can stay idle. hyper also has no timeout for a client that does not read its response.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// First bytes of an HTTP/2 connection. Its requests are concurrent, so only the idle timeout applies.
const HTTP2: &[u8] = b"PRI * HTTP/2";

/// First bytes of a response that switches to another protocol. From then on, only the idle timeout applies.
const SWITCHING: &[u8] = b"HTTP/1.1 101";

/// Timeouts of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// Maximum time from the first byte of a request to the first byte of its response. It must exceed the maximum time that
    /// the service takes to answer.
    pub(super) exchange: Duration,
    /// Maximum time without a byte in either direction.
    pub(super) idle: Duration,
}

/// A stream whose reads and writes fail with [`io::ErrorKind::TimedOut`] after a timeout. It owns `P`, the permits of the
/// connection, until it is dropped.
pub(super) struct TimeoutStream<S, P> {
    stream: S,
    timeouts: Timeouts,
    /// Time of the last byte in either direction.
    last_byte: Instant,
    /// Start of the request that has no response yet.
    pending_since: Option<Instant>,
    /// True if the exchange timeout applies.
    has_exchange_timeout: bool,
    timer: Pin<Box<Sleep>>,
    _permits: P,
}

impl<S, P> TimeoutStream<S, P> {
    /// Creates a stream with `timeouts` over `stream`.
    pub(super) fn new(stream: S, timeouts: Timeouts, permits: P) -> Self {
        let last_byte = Instant::now();
        let timer = Box::pin(sleep_until(last_byte + timeouts.idle));
        Self {
            stream,
            timeouts,
            last_byte,
            pending_since: None,
            has_exchange_timeout: true,
            timer,
            _permits: permits,
        }
    }

    fn on_read(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.last_byte = Instant::now();
        if bytes.starts_with(HTTP2) {
            self.has_exchange_timeout = false;
        }
        if self.has_exchange_timeout && self.pending_since.is_none() {
            self.pending_since = Some(self.last_byte);
        }
    }

    fn on_write(&mut self, start: &[u8]) {
        self.last_byte = Instant::now();
        self.pending_since = None;
        if start.starts_with(SWITCHING) {
            self.has_exchange_timeout = false;
        }
    }

    /// Returns the time at which the connection times out.
    fn deadline(&self) -> Instant {
        let idle = self.last_byte + self.timeouts.idle;
        self.pending_since.map_or(idle, |pending_since| idle.min(pending_since + self.timeouts.exchange))
    }

    /// Returns ready with an error when the connection has timed out. The timer is not reset on every byte. When it fires
    /// before the deadline, it is reset to the deadline.
    fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let deadline = self.deadline();
        if self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if deadline <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(deadline);
        }
    }
}

impl<S: AsyncRead + Unpin, P: Unpin> AsyncRead for TimeoutStream<S, P> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(read) => {
                self.on_read(buf.filled().get(before..).unwrap_or_default());
                Poll::Ready(read)
            }
            Poll::Pending => self.poll_timeout(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin, P: Unpin> TimeoutStream<S, P> {
    /// Updates the timeouts after a write of bytes that begin with `start`.
    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        start: &[u8],
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            return self.poll_timeout(cx).map(Err);
        }
        self.on_write(start);
        written
    }
}

impl<S: AsyncWrite + Unpin, P: Unpin> AsyncWrite for TimeoutStream<S, P> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.after_write(cx, buf, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.after_write(cx, bufs.first().map_or(&[], |first| first), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        time::sleep,
    };

    use super::*;

    const TIMEOUTS: Timeouts = Timeouts { exchange: Duration::from_secs(20), idle: Duration::from_secs(90) };

    fn connection() -> (DuplexStream, TimeoutStream<DuplexStream, ()>) {
        let (client, stream) = duplex(64);
        (client, TimeoutStream::new(stream, TIMEOUTS, ()))
    }

    /// Reads until the connection ends. Returns the elapsed seconds, and true if the connection timed out.
    async fn end_of(mut connection: TimeoutStream<DuplexStream, ()>) -> (u64, bool) {
        let started = Instant::now();
        let end = connection.read_to_end(&mut Vec::new()).await;
        (started.elapsed().as_secs(), end.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut))
    }

    #[tokio::test(start_paused = true)]
    async fn silent_connection_ends_after_the_idle_timeout() {
        let (_client, connection) = connection();

        assert_eq!(end_of(connection).await, (90, true));
    }

    #[tokio::test(start_paused = true)]
    async fn slow_request_ends_the_connection_after_the_exchange_timeout() {
        let (mut client, connection) = connection();
        tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(3)).await;
            }
        });

        assert_eq!(end_of(connection).await, (20, true));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_timeout_applies_after_a_response() {
        let (mut client, mut connection) = connection();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        connection.read_exact(&mut [0; 18]).await.unwrap();

        connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();

        assert_eq!(end_of(connection).await, (90, true));
    }

    #[tokio::test(start_paused = true)]
    async fn exchange_timeout_does_not_apply_after_an_upgrade() {
        let (mut client, mut connection) = connection();
        connection.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await.unwrap();
        tokio::spawn(async move {
            for _ in 0..10 {
                client.write_all(b"x").await.unwrap();
                sleep(Duration::from_secs(30)).await;
            }
        });

        assert_eq!(end_of(connection).await, (300, false));
    }

    #[tokio::test(start_paused = true)]
    async fn connection_ends_when_the_client_does_not_read() {
        let (_client, mut connection) = connection();

        let error = connection.write_all(&[0; 1000]).await.unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
