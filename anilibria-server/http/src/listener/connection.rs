//! A connection that ends when its client takes too long.

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

/// What a connection begins with on which requests come side by side, so that bytes sent do not tell what is waited for.
const HTTP2: &[u8] = b"PRI * HTTP/2";

/// What an answer begins with after which the connection is no longer for requests.
const SWITCHING: &[u8] = b"HTTP/1.1 101";

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From the first byte of a request to the first byte of its answer. The service gives up on a request by itself, so
    /// what remains is for the client.
    pub(super) exchange: Duration,
    /// Without a byte in any direction.
    pub(super) idle: Duration,
}

/// A connection that ends when its client is silent for too long, or takes too long to send a request. It holds `H` until
/// it is closed.
pub(super) struct Connection<S, H> {
    stream: S,
    patience: Patience,
    /// When a byte last went in any direction.
    active: Instant,
    /// When the request began that has no answer yet.
    asked: Option<Instant>,
    /// Whether requests come one after another.
    in_turn: bool,
    check: Pin<Box<Sleep>>,
    _held: H,
}

impl<S, H> Connection<S, H> {
    /// Creates the connection of `stream`.
    pub(super) fn new(stream: S, patience: Patience, held: H) -> Self {
        let active = Instant::now();
        let check = Box::pin(sleep_until(active + patience.idle));
        Self { stream, patience, active, asked: None, in_turn: true, check, _held: held }
    }

    fn has_read(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.active = Instant::now();
        if bytes.starts_with(HTTP2) {
            self.in_turn = false;
        }
        if self.in_turn && self.asked.is_none() {
            self.asked = Some(self.active);
        }
    }

    fn has_written(&mut self, start: &[u8]) {
        self.active = Instant::now();
        self.asked = None;
        if start.starts_with(SWITCHING) {
            self.in_turn = false;
        }
    }

    /// The moment at which the connection ends unless something happens.
    fn deadline(&self) -> Instant {
        let idle = self.active + self.patience.idle;
        self.asked.map_or(idle, |asked| idle.min(asked + self.patience.exchange))
    }

    /// Ready when the client has taken too long. The timer is not moved with every byte: it looks at the clock when it
    /// rings, and is set anew if it rang too early.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let deadline = self.deadline();
        if self.check.deadline() > deadline {
            self.check.as_mut().reset(deadline);
        }
        loop {
            ready!(self.check.as_mut().poll(cx));
            if deadline <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.check.as_mut().reset(deadline);
        }
    }
}

impl<S: AsyncRead + Unpin, H: Unpin> AsyncRead for Connection<S, H> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(read) => {
                self.has_read(buf.filled().get(before..).unwrap_or_default());
                Poll::Ready(read)
            }
            Poll::Pending => self.poll_overdue(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin, H: Unpin> Connection<S, H> {
    /// Notes what became of writing what begins with `start`.
    fn note(
        &mut self,
        cx: &mut Context<'_>,
        start: &[u8],
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            return self.poll_overdue(cx).map(Err);
        }
        self.has_written(start);
        written
    }
}

impl<S: AsyncWrite + Unpin, H: Unpin> AsyncWrite for Connection<S, H> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(cx, buf, written)
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
        self.note(cx, bufs.first().map_or(&[], |first| first), written)
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

    const PATIENCE: Patience = Patience { exchange: Duration::from_secs(20), idle: Duration::from_secs(90) };

    fn connection() -> (DuplexStream, Connection<DuplexStream, ()>) {
        let (client, stream) = duplex(64);
        (client, Connection::new(stream, PATIENCE, ()))
    }

    /// Reads until the connection ends, and tells after how many seconds and whether its client was too slow.
    async fn end_of(mut connection: Connection<DuplexStream, ()>) -> (u64, bool) {
        let started = Instant::now();
        let end = connection.read_to_end(&mut Vec::new()).await;
        (started.elapsed().as_secs(), end.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut))
    }

    #[tokio::test(start_paused = true)]
    async fn client_that_says_nothing_is_waited_for() {
        let (_client, connection) = connection();

        assert_eq!(end_of(connection).await, (90, true));
    }

    #[tokio::test(start_paused = true)]
    async fn request_that_trickles_in_ends_the_connection() {
        let (mut client, connection) = connection();
        tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(3)).await;
            }
        });

        assert_eq!(end_of(connection).await, (20, true));
    }

    #[tokio::test(start_paused = true)]
    async fn answer_starts_the_clock_anew() {
        let (mut client, mut connection) = connection();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        connection.read_exact(&mut [0; 18]).await.unwrap();

        connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();

        assert_eq!(end_of(connection).await, (90, true));
    }

    #[tokio::test(start_paused = true)]
    async fn socket_may_talk_without_being_answered() {
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
    async fn client_that_does_not_read_is_given_up() {
        let (_client, mut connection) = connection();

        let error = connection.write_all(&[0; 1000]).await.unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
