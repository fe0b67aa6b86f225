//! A proxy to a server, which can be blocked for one instance.

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A port that forwards to another port until it is dropped.
pub(crate) struct Way {
    port: u16,
    barred: watch::Sender<bool>,
}

impl Way {
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (barred, bar) = watch::channel(false);
        tokio::spawn(async move {
            let mut end = bar.clone();
            loop {
                tokio::select! {
                    Ok((client, _)) = listener.accept() => drop(tokio::spawn(pass(client, server, bar.clone()))),
                    Err(_) = end.wait_for(|_| false) => return,
                }
            }
        });
        Self { port, barred }
    }

    pub(crate) fn redis(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn mongodb(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port)
    }

    /// Closes all connections, and new ones as soon as they are opened.
    pub(crate) fn bar(&self) {
        self.barred.send_replace(true);
    }

    pub(crate) fn clear(&self) {
        self.barred.send_replace(false);
    }
}

async fn pass(mut client: TcpStream, server: u16, mut bar: watch::Receiver<bool>) {
    let pass = async {
        if let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await {
            // Either side may close the connection.
            drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
        }
    };
    tokio::select! {
        () = pass => {}
        _ = bar.wait_for(|barred| *barred) => {}
    }
}
