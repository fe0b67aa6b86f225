//! The socket: what the framework's own listener leaves open.

mod connection;

use std::{future::Future, io, sync::Arc, time::Duration};

use poem::{
    Endpoint, Server,
    http::uri::Scheme,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::sleep,
};
use tracing::warn;

use self::connection::{Connection, Patience};
use crate::config::HttpConfig;

/// How long to wait after the system refused a connection; it is out of something that has to come back first.
const PAUSE: Duration = Duration::from_millis(50);

/// What clients may take of the socket.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    connections: usize,
    patience: Patience,
}

impl Bounds {
    /// The bounds that `config` sets.
    pub fn new(config: &HttpConfig) -> Self {
        let exchange = config.header_timeout + config.request_timeout;
        Self {
            connections: config.max_connections.min(Semaphore::MAX_PERMITS),
            patience: Patience { exchange, idle: config.idle_timeout },
        }
    }
}

/// For what is served at a desk.
impl Default for Bounds {
    fn default() -> Self {
        let patience = Patience { exchange: Duration::from_mins(1), idle: Duration::from_secs(90) };
        Self { connections: 1024, patience }
    }
}

/// Serves `endpoint` at `socket` within `bounds` until `stop` comes, and then lets requests in progress finish for
/// `drain`.
pub async fn serve<E>(
    socket: TcpListener,
    bounds: Bounds,
    endpoint: E,
    stop: impl Future<Output = ()>,
    drain: Duration,
) -> anyhow::Result<()>
where
    E: Endpoint + 'static,
{
    let Bounds { connections, patience } = bounds;
    let places = Arc::new(Semaphore::new(connections));
    let server = Server::new_with_acceptor(SocketAcceptor { socket, places, patience });
    Ok(server.run_with_graceful_shutdown(endpoint, stop, Some(drain)).await?)
}

struct SocketAcceptor {
    socket: TcpListener,
    places: Arc<Semaphore>,
    patience: Patience,
}

impl Acceptor for SocketAcceptor {
    type Io = Connection<TcpStream>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.socket.local_addr().map(|addr| LocalAddr(addr.into())).into_iter().collect()
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        // Who finds no place waits outside, where it costs next to nothing.
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        match self.socket.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole; waiting for more to send would only delay them.
                stream.set_nodelay(true)?;
                let local = LocalAddr(stream.local_addr()?.into());
                Ok((
                    Connection::new(stream, self.patience, place),
                    local,
                    RemoteAddr(peer.into()),
                    Scheme::HTTP,
                ))
            }
            Err(error) => {
                warn!(%error, "Connection refused by the system");
                sleep(PAUSE).await;
                Err(error)
            }
        }
    }
}
