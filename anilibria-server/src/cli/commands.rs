//! The subcommands, one per file.

mod banner;
pub mod canary;
pub mod compare;
mod file;
pub mod flags;
pub mod healthcheck;
pub mod openapi;
pub mod sandbox;
pub mod serve;

use std::{future::Future, net::SocketAddr};

use anilibria_client::sandbox::Sandbox;
use anyhow::Context as _;

use crate::{cli::SandboxCatalog, config::ListenAddress};

/// Runs `future` on a runtime with one thread per core.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the async runtime")?.block_on(future)
}

/// Binds a listener to `address`.
async fn bind(ListenAddress { host, port }: &ListenAddress) -> anyhow::Result<tokio::net::TcpListener> {
    let listener = tokio::net::TcpListener::bind((host.as_str(), *port)).await;
    listener.with_context(|| format!("cannot listen on HOST {host}, PORT {port}"))
}

/// Returns the base URL of the service for clients on this machine. An unspecified address, such as `0.0.0.0`, is replaced by the
/// loopback address.
fn base_url(bound: SocketAddr) -> String {
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    format!("http://{}", SocketAddr::new(ip, bound.port()))
}

/// Creates a sandbox with these contents.
fn sandbox_with(SandboxCatalog { seed, releases }: SandboxCatalog) -> Sandbox {
    Sandbox::builder().releases(releases).seed(seed).build()
}

/// Waits for `SIGINT` (Ctrl-C) or `SIGTERM`.
async fn stop_signal() {
    let interrupt = async {
        // Without a handler, the signal ends the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate() => {}
    }
}

/// Waits for `SIGTERM`.
#[cfg(unix)]
async fn terminate() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_url_can_be_opened_on_this_machine() {
        assert_eq!(base_url(([127, 0, 0, 1], 8000).into()), "http://127.0.0.1:8000");
        assert_eq!(base_url(([0, 0, 0, 0], 80).into()), "http://127.0.0.1:80");
        assert_eq!(base_url("[::]:81".parse().unwrap()), "http://[::1]:81");
    }
}
