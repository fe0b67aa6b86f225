//! Servers without middleware: a poem route and hyper.

use std::{
    collections::HashMap, convert::Infallible, env, fs, net::SocketAddr, path::Path, process::Command,
    sync::Arc,
};

use anilibria_benches::server::{Server, free_address};
use anyhow::Context as _;
use bytes::Bytes;
use clap::ValueEnum;
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use poem::{
    Route,
    endpoint::make_sync,
    http::{StatusCode, header},
    listener::TcpAcceptor,
};
use tokio::net::TcpListener;

use crate::PATHS;

const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// Environment variable with the address to listen on.
const ADDRESS: &str = "BARE_ADDRESS";

/// Library of a server that sends stored bodies.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Library {
    /// poem
    Poem,
    /// hyper
    Hyper,
}

impl Library {
    fn name(self) -> &'static str {
        match self {
            Self::Poem => "bare poem",
            Self::Hyper => "bare hyper",
        }
    }

    fn argument(self) -> &'static str {
        match self {
            Self::Poem => "--serve=poem",
            Self::Hyper => "--serve=hyper",
        }
    }
}

/// Stores `body` as the response to `path`.
pub(crate) fn write_body(directory: &Path, path: &str, body: &Bytes) -> anyhow::Result<()> {
    Ok(fs::write(directory.join(file_name(path)), body)?)
}

/// Starts `library` in a separate process with the bodies in `directory`.
pub(crate) fn start(library: Library, directory: &Path) -> anyhow::Result<Server> {
    let address = free_address()?;
    let mut command = Command::new(env::current_exe()?);
    command.arg(library.argument()).arg("--output").arg(directory).env(ADDRESS, address.to_string());
    Server::start(library.name(), address, command)
}

/// Serves the bodies in `directory` until the process is terminated.
pub(crate) async fn serve(library: Library, directory: &Path) -> anyhow::Result<()> {
    let address: SocketAddr = env::var(ADDRESS)?.parse()?;
    let mut bodies = HashMap::new();
    for path in PATHS {
        let body = fs::read(directory.join(file_name(path)))?;
        bodies.insert(path.split('?').next().unwrap_or(path), Bytes::from(body));
    }
    let socket = TcpListener::bind(address).await.context("the address is in use")?;
    match library {
        Library::Poem => poem(socket, bodies).await,
        Library::Hyper => hyper(socket, Arc::new(bodies)).await,
    }
}

async fn poem(socket: TcpListener, bodies: HashMap<&str, Bytes>) -> anyhow::Result<()> {
    let routes = bodies.into_iter().fold(Route::new(), |routes, (path, body)| {
        let route = make_sync(move |_| {
            poem::Response::builder().header(header::CONTENT_TYPE, CONTENT_TYPE).body(body.clone())
        });
        routes.at(path, route)
    });
    Ok(poem::Server::new_with_acceptor(TcpAcceptor::from_tokio(socket)?).run(routes).await?)
}

async fn hyper(socket: TcpListener, bodies: Arc<HashMap<&'static str, Bytes>>) -> anyhow::Result<()> {
    loop {
        let (stream, _) = socket.accept().await?;
        stream.set_nodelay(true)?;
        let bodies = bodies.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: http::Request<Incoming>| {
                let body = bodies.get(request.uri().path()).cloned();
                std::future::ready(Ok::<_, Infallible>(response(body)))
            });
            // A client may close its connection at any time.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn response(body: Option<Bytes>) -> http::Response<Full<Bytes>> {
    let status = if body.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let mut response = http::Response::new(Full::new(body.unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(CONTENT_TYPE));
    response
}

fn file_name(path: &str) -> String {
    path.replace(['/', '?', '='], "_")
}
