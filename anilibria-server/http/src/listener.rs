//! The socket: what the framework's own listener leaves open.

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
    connection::{Connection, Patience},
};
use crate::{
    metrics::Limit,
    traffic::{Counted, Traffic},
};

/// How long to wait after the system refused a connection; it is out of something that has to come back first.
const PAUSE: Duration = Duration::from_millis(50);

/// Limits of connections.
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// Maximum open connections; more have to wait for a place.
    pub max_connections: usize,
    /// Maximum open connections of one client; more are closed at once.
    pub max_connections_per_client: usize,
    /// Networks without a limit per client: a proxy connects on behalf of many.
    pub exempt: Vec<IpNet>,
    /// Maximum time for the head of a request and its answer.
    pub exchange_timeout: Duration,
    /// Maximum time without a byte in either direction.
    pub idle_timeout: Duration,
}

/// What clients may take of the socket.
#[derive(Clone, Debug)]
pub struct Bounds {
    connections: usize,
    clients: ClientConnections,
    patience: Patience,
    traffic: Traffic,
}

impl Bounds {
    /// Creates the bounds that `options` set.
    pub fn new(options: ListenerOptions) -> Self {
        Self {
            connections: options.max_connections.min(Semaphore::MAX_PERMITS),
            clients: ClientConnections::new(options.max_connections_per_client, options.exempt),
            patience: Patience { exchange: options.exchange_timeout, idle: options.idle_timeout },
            traffic: Traffic::default(),
        }
    }

    /// Counts connections in `traffic`.
    #[must_use]
    pub fn counted_in(self, traffic: &Traffic) -> Self {
        Self { traffic: traffic.clone(), ..self }
    }
}

/// For what is served at a desk.
impl Default for Bounds {
    fn default() -> Self {
        let patience = Patience { exchange: Duration::from_mins(1), idle: Duration::from_secs(90) };
        let clients = ClientConnections::unlimited();
        Self { connections: 1024, clients, patience, traffic: Traffic::default() }
    }
}

/// Serves `endpoint` at `socket` within `bounds` until `stop` comes, and then lets requests in progress finish for
/// `drain`.
///
/// The framework's own server hides from what writes an answer that it may write several pieces at once, so that it
/// copies each answer into one.
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
    let Bounds { connections, clients, patience, traffic } = bounds;
    let places = Arc::new(Semaphore::new(connections));
    let local = LocalAddr(socket.local_addr()?.into());
    let endpoint = Arc::new(endpoint);
    let http = auto::Builder::new(TokioExecutor::new());
    let (closing, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            // In this order, so that the listener for the stop signal exists before the first client is served.
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&socket, &places) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "Connection refused by the system");
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
        let stream = TokioIo::new(Connection::new(stream, patience, held));
        let service = service(Arc::clone(&endpoint), local.clone(), RemoteAddr(peer.into()));
        let connection = http.serve_connection_with_upgrades(stream, service).into_owned();
        connections.spawn(closing.watch(connection).map(drop));
    }
    // Nobody new gets in, and whoever takes too long is cut off when the connections are dropped.
    drop(socket);
    let _ = timeout(drain, closing.shutdown()).await;
    Ok(())
}

/// The places that a connection holds until it is closed.
struct Held {
    _place: OwnedSemaphorePermit,
    _of_client: ClientPlace,
    _counted: Counted,
}

/// Accepts the next connection once there is a place. Until then it waits in the backlog of the system, where it costs
/// next to nothing.
async fn accept(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = socket.accept().await?;
    // Answers are written whole; waiting for more to send would only delay them.
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

/// Answers the requests of one connection.
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
