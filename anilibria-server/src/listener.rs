//! The socket: what the framework's own listener leaves open.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use poem::{
    Endpoint, Server,
    http::uri::Scheme,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Instant, Sleep, sleep, sleep_until},
};
use tracing::warn;

/// How long a client may say nothing. Longer than common proxies keep a connection, so that they close it first.
const IDLE: Duration = Duration::from_secs(90);

/// How long to wait after the system refused a connection; it is out of something that has to come back first.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves `endpoint` at `socket` until `stop` comes, and then lets requests in progress finish for `drain`.
pub async fn serve<E>(
    socket: TcpListener,
    endpoint: E,
    stop: impl Future<Output = ()>,
    drain: Duration,
) -> anyhow::Result<()>
where
    E: Endpoint + 'static,
{
    let server = Server::new_with_acceptor(SocketAcceptor { socket });
    Ok(server.run_with_graceful_shutdown(endpoint, stop, Some(drain)).await?)
}

struct SocketAcceptor {
    socket: TcpListener,
}

impl Acceptor for SocketAcceptor {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.socket.local_addr().map(|addr| LocalAddr(addr.into())).into_iter().collect()
    }

    async fn accept(&mut self) -> io::Result<(Connection, LocalAddr, RemoteAddr, Scheme)> {
        match self.socket.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole; waiting for more to send would only delay them.
                stream.set_nodelay(true)?;
                let local = LocalAddr(stream.local_addr()?.into());
                Ok((Connection::new(stream), local, RemoteAddr(peer.into()), Scheme::HTTP))
            }
            Err(error) => {
                warn!(%error, "Connection refused by the system");
                sleep(PAUSE).await;
                Err(error)
            }
        }
    }
}

/// A connection that ends when its client says nothing for too long.
struct Connection {
    stream: TcpStream,
    heard: Instant,
    check: Pin<Box<Sleep>>,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        let heard = Instant::now();
        Self { stream, heard, check: Box::pin(sleep_until(heard + IDLE)) }
    }

    /// Ready when the client has been silent for too long. The timer is not moved with every byte: it looks at the
    /// clock when it rings, and is set anew if it rang too early.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.check.as_mut().poll(cx));
            let deadline = self.heard + IDLE;
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            self.check.as_mut().reset(deadline);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(read) => {
                self.heard = Instant::now();
                Poll::Ready(read)
            }
            Poll::Pending => {
                ready!(self.poll_silence(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
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
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
