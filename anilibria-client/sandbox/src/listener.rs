//! An HTTP/1.1 server loop for stand-ins.
//!
//! The sandbox listens with [`accept`] and [`serve`]. Both are public so that stand-ins of other services can listen the
//! same way.
//!
//! ```
//! use anilibria_sandbox::listener::{accept, serve};
//! use bytes::Bytes;
//! use http::Response;
//! use http_body_util::Full;
//! use tokio::{
//!     io::{AsyncReadExt, AsyncWriteExt},
//!     net::{TcpListener, TcpStream},
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
//! let address = listener.local_addr()?;
//! let respond = |_request| async { Response::new(Full::new(Bytes::from("it works"))) };
//! let server = tokio::spawn(accept(listener, 10, move |stream| serve(stream, respond)));
//!
//! let mut client = TcpStream::connect(address).await?;
//! client.write_all(b"GET / HTTP/1.1\r\nhost: stand-in\r\nconnection: close\r\n\r\n").await?;
//! let mut received = String::new();
//! client.read_to_string(&mut received).await?;
//!
//! assert!(received.ends_with("it works"));
//! server.abort();
//! # Ok(())
//! # }
//! ```

use std::{convert::Infallible, error::Error, time::Duration};

use http::{Request, Response};
use hyper::{body::Body, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// The body of a request that is still being received.
pub use hyper::body::Incoming;

/// A connection after an upgrade: an `AsyncRead` and `AsyncWrite` of tokio.
pub type Upgraded = TokioIo<hyper::upgrade::Upgraded>;

/// Time limit for a client to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Pause after a failed `accept`, usually because file descriptors are used up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections and runs `serve` on each, at most `limit` at a time.
///
/// Further connections wait to be accepted. The future never ends; dropping it closes all connections.
pub async fn accept<F>(listener: TcpListener, limit: usize, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < limit => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream))),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

/// Answers the HTTP/1.1 requests of one connection until it ends or is [upgraded](upgrade).
///
/// The head of a request may take 30 seconds to arrive. The size of bodies is not limited.
pub async fn serve<B, F>(stream: TcpStream, respond: impl Fn(Request<Incoming>) -> F + Send)
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    F: Future<Output = Response<B>> + Send,
{
    let service = service_fn(|request| {
        let response = respond(request);
        async move { Ok::<_, Infallible>(response.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        // Faults break connections on purpose, and clients may close them at any time.
        tracing::debug!(%error, "connection ended early");
    }
}

/// Takes over the connection of `request` once its response with status 101 is sent; `None` if the connection ends before.
///
/// The future waits for the response, so run it in a separate task.
pub async fn upgrade(request: Request<Incoming>) -> Option<Upgraded> {
    hyper::upgrade::on(request).await.ok().map(TokioIo::new)
}
