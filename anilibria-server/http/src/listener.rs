//! The listener: accepts connections, with limits and timeouts that poem's own server does not have.

mod clients;
mod connection;

use std::{convert::Infallible, future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::FutureExt as _;
use http_body_util::combinators::BoxBody;
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
};
use ipnet::IpNet;
use poem::{
    Endpoint,
    http::{self, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::warn;

use self::{
    clients::{ClientConnections, ClientPlace},
    connection::{Connection, Timeouts},
};
use crate::{
    metrics::Limit,
    traffic::{Counted, Traffic},
};

/// Delay after an error of `accept`, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// Limits of connections.
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// Maximum number of open connections; further ones wait in the backlog of the system.
    pub max_connections: usize,
    /// Maximum number of open connections of one client; further ones are closed at once.
    pub max_connections_per_client: usize,
    /// Networks without a limit per client, such as proxies, which connect on behalf of many clients.
    pub exempt: Vec<IpNet>,
    /// Maximum time from the start of a request to the start of its answer.
    pub exchange_timeout: Duration,
    /// Maximum time without a byte in either direction.
    pub idle_timeout: Duration,
}

/// Limits and timeouts of a listener, with the counts of its connections.
#[derive(Clone, Debug)]
pub struct Bounds {
    connections: usize,
    clients: ClientConnections,
    timeouts: Timeouts,
    traffic: Traffic,
}

impl Bounds {
    /// Creates the limits that `options` define.
    pub fn new(options: ListenerOptions) -> Self {
        Self {
            connections: options.max_connections.min(Semaphore::MAX_PERMITS),
            clients: ClientConnections::new(options.max_connections_per_client, options.exempt),
            timeouts: Timeouts { exchange: options.exchange_timeout, idle: options.idle_timeout },
            traffic: Traffic::default(),
        }
    }

    /// Sets the counter of connections to `traffic`.
    #[must_use]
    pub fn counted_in(self, traffic: &Traffic) -> Self {
        Self { traffic: traffic.clone(), ..self }
    }
}

/// Limits for local use and tests.
impl Default for Bounds {
    fn default() -> Self {
        let timeouts = Timeouts { exchange: Duration::from_mins(1), idle: Duration::from_secs(90) };
        let clients = ClientConnections::unlimited();
        Self { connections: 1024, clients, timeouts, traffic: Traffic::default() }
    }
}

/// Serves `endpoint` at `socket` within `bounds` until `stop` is ready. Requests in progress may then finish within `drain`.
///
/// poem's own server hides that its streams support vectored writes, so hyper copies each response into one buffer.
///
/// # Errors
///
/// Returns an error if the local address of `socket` is unknown.
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
    let Bounds { connections, clients, timeouts, traffic } = bounds;
    let places = Arc::new(Semaphore::new(connections));
    let local = LocalAddr(socket.local_addr()?.into());
    let endpoint = Arc::new(endpoint);
    let http = auto::Builder::new(TokioExecutor::new());
    let (closing, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            // Biased, so that `stop` is polled before the first connection is accepted.
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&socket, &places) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "failed to accept a connection");
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let Some(of_client) = clients.enter(peer.ip()) else {
            Limit::ClientConnections.hit();
            continue;
        };
        let held = Held { _place: place, _of_client: of_client, _counted: traffic.connected() };
        let stream = TokioIo::new(Connection::new(stream, timeouts, held));
        let service = service(Arc::clone(&endpoint), local.clone(), RemoteAddr(peer.into()));
        let connection = http.serve_connection_with_upgrades(stream, service).into_owned();
        connections.spawn(closing.watch(connection).map(drop));
    }
    // Connections that are still open after `drain` are dropped.
    drop(socket);
    let _ = timeout(drain, closing.shutdown()).await;
    Ok(())
}

/// The permits that a connection holds until it is closed.
struct Held {
    _place: OwnedSemaphorePermit,
    _of_client: ClientPlace,
    _counted: Counted,
}

/// Accepts the next connection once a permit is available. Until then the connection waits in the backlog of the system.
async fn accept(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = socket.accept().await?;
    // Responses are written whole, so Nagle's algorithm would only delay them.
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

/// Returns the service that passes the requests of one connection to `endpoint`.
fn service<E>(
    endpoint: Arc<E>,
    local: LocalAddr,
    peer: RemoteAddr,
) -> impl Service<
    http::Request<Incoming>,
    Response = http::Response<BoxBody<Bytes, io::Error>>,
    Error = Infallible,
    Future: Send + 'static,
> + Send
+ 'static
where
    E: Endpoint + 'static,
{
    service_fn(move |request: http::Request<Incoming>| {
        let (endpoint, local, peer) = (Arc::clone(&endpoint), local.clone(), peer.clone());
        async move {
            let request = (request, local, peer, Scheme::HTTP).into();
            Ok::<_, Infallible>(endpoint.get_response(request).await.into())
        }
    })
}
