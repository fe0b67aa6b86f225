//! A proxy to a server, which can be blocked for one instance.

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A port that forwards to another port until it is dropped.
pub(crate) struct Proxy {
    port: u16,
    blocked: watch::Sender<bool>,
}

impl Proxy {
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (blocked, is_blocked) = watch::channel(false);
        tokio::spawn(async move {
            let mut end = is_blocked.clone();
            loop {
                tokio::select! {
                    Ok((client, _)) = listener.accept() => drop(tokio::spawn(forward(client, server, is_blocked.clone()))),
                    Err(_) = end.wait_for(|_| false) => return,
                }
            }
        });
        Self { port, blocked }
    }

    pub(crate) fn redis(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn mongodb(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port)
    }

    /// Closes all connections, and new ones as soon as they are opened.
    pub(crate) fn block(&self) {
        self.blocked.send_replace(true);
    }

    pub(crate) fn unblock(&self) {
        self.blocked.send_replace(false);
    }
}

async fn forward(mut client: TcpStream, server: u16, mut is_blocked: watch::Receiver<bool>) {
    let forward = async {
        if let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await {
            // Either side may close the connection.
            drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
        }
    };
    tokio::select! {
        () = forward => {}
        _ = is_blocked.wait_for(|blocked| *blocked) => {}
    }
}
