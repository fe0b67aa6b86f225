//! Listener that accepts connections, with limits and timeouts that poem's own server does not have.

mod clients;
mod timeout_stream;

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
    clients::{ClientConnections, ClientPermit},
    timeout_stream::{TimeoutStream, Timeouts},
};
use crate::{
    metrics::Limit,
    traffic::{ConnectionGuard, Traffic},
};

/// Delay after an error of `accept`, such as too many open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Limits of connections.
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// Maximum number of open connections. Further ones wait in the backlog of the operating system.
    pub max_connections: usize,
    /// Maximum number of open connections of one client: an IPv4 address, or the /64 network of an IPv6 address. Further ones
    /// are closed at once.
    pub max_connections_per_client: usize,
    /// Networks without a limit per client, such as those of proxies, which connect on behalf of many clients.
    pub exempt: Vec<IpNet>,
    /// Maximum time from the first byte of a request to the first byte of its response.
    pub exchange_timeout: Duration,
    /// Maximum time without a byte in either direction.
    pub idle_timeout: Duration,
}

/// Limits and timeouts of a listener, with the counts of its connections.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    connections: usize,
    clients: ClientConnections,
    timeouts: Timeouts,
    traffic: Traffic,
}

impl ConnectionLimits {
    /// Creates the limits that `options` define.
    pub fn new(options: ListenerOptions) -> Self {
        Self {
            connections: options.max_connections.min(Semaphore::MAX_PERMITS),
            clients: ClientConnections::new(options.max_connections_per_client, options.exempt),
            timeouts: Timeouts { exchange: options.exchange_timeout, idle: options.idle_timeout },
            traffic: Traffic::default(),
        }
    }

    /// Sets the counter of connections. Default: a new one.
    #[must_use]
    pub fn traffic(self, traffic: &Traffic) -> Self {
        Self { traffic: traffic.clone(), ..self }
    }
}

impl Default for ConnectionLimits {
    /// Returns limits for local use and tests: 1024 connections, no limit per client, an exchange timeout of a minute and an
    /// idle timeout of 90 seconds.
    fn default() -> Self {
        let timeouts = Timeouts { exchange: Duration::from_mins(1), idle: Duration::from_secs(90) };
        let clients = ClientConnections::unlimited();
        Self { connections: 1024, clients, timeouts, traffic: Traffic::default() }
    }
}

/// Serves `endpoint` at `socket` within `limits` until `stop` is ready.
///
/// Requests in progress may then finish within `drain`. Connections that are still open after it are dropped. HTTP/1.1 and
/// HTTP/2 without TLS are supported.
///
/// poem's own server hides that its streams support vectored writes, so hyper copies each response into one buffer.
///
/// # Errors
///
/// Returns an error if the local address of `socket` is unknown.
pub async fn serve<E>(
    socket: TcpListener,
    limits: ConnectionLimits,
    endpoint: E,
    stop: impl Future<Output = ()>,
    drain: Duration,
) -> anyhow::Result<()>
where
    E: Endpoint + 'static,
{
    let ConnectionLimits { connections, clients, timeouts, traffic } = limits;
    let permits = Arc::new(Semaphore::new(connections));
    let local = LocalAddr(socket.local_addr()?.into());
    let endpoint = Arc::new(endpoint);
    let http = auto::Builder::new(TokioExecutor::new());
    let (closing, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, permit) = tokio::select! {
            // Biased, so that `stop` is polled before the first connection is accepted.
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&socket, &permits) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "failed to accept a connection");
                    sleep(ACCEPT_RETRY_DELAY).await;
                    continue;
                }
            },
        };
        let Some(of_client) = clients.try_acquire(peer.ip()) else {
            Limit::ClientConnections.hit();
            continue;
        };
        let permits = Permits { _permit: permit, _of_client: of_client, _guard: traffic.open_connection() };
        let stream = TokioIo::new(TimeoutStream::new(stream, timeouts, permits));
        let service = service(Arc::clone(&endpoint), local.clone(), RemoteAddr(peer.into()));
        let connection = http.serve_connection_with_upgrades(stream, service).into_owned();
        connections.spawn(closing.watch(connection).map(drop));
    }
    drop(socket);
    let _ = timeout(drain, closing.shutdown()).await;
    Ok(())
}

/// Permits that a connection holds until it is closed.
struct Permits {
    _permit: OwnedSemaphorePermit,
    _of_client: ClientPermit,
    _guard: ConnectionGuard,
}

/// Accepts the next connection once a permit is available. Until then the connection waits in the backlog of the operating
/// system.
async fn accept(
    socket: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = socket.accept().await?;
    // Responses are written whole, so Nagle's algorithm would only delay them.
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
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
