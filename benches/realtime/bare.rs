//! A minimal poem server that forwards broadcast events to WebSocket clients.

use std::net::SocketAddr;

use anilibria_cache::coordination::RecordId;
use anilibria_server::{events::event::Event, titles::change::TitleChange};
use futures::{SinkExt as _, StreamExt as _};
use poem::{
    OnUpgrade, Request, Response, Route, Server, Upgraded,
    endpoint::make_sync,
    http::{StatusCode, header},
    listener::TcpAcceptor,
};
use tokio::{net::TcpListener, sync::broadcast};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

/// Size of the read buffer per client. The default is 128 KiB.
const READ_BUFFER: usize = 4 << 10;

/// Maximum number of events that are queued for slow clients.
const WAITING: usize = 1024;

pub(crate) struct Bare {
    pub(crate) address: SocketAddr,
    events: broadcast::Sender<Utf8Bytes>,
}

pub(crate) async fn start() -> anyhow::Result<Bare> {
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    let events = broadcast::Sender::new(WAITING);
    let sender = events.clone();
    let route = Route::new().at("/ws", make_sync(move |request| accept(&request, sender.clone())));
    tokio::spawn(Server::new_with_acceptor(TcpAcceptor::from_tokio(socket)?).run(route));
    Ok(Bare { address, events })
}

impl Bare {
    pub(crate) fn publish(&self, change: &TitleChange) {
        let event = Event::new(RecordId::now(), change);
        // An error means that there are no clients.
        let _ = self.events.send(event.frame().clone());
    }
}

fn accept(request: &Request, events: broadcast::Sender<Utf8Bytes>) -> poem::Result<Response> {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let upgrade = request.take_upgrade()?;
    tokio::spawn(serve(upgrade, events));
    Ok(Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, key.unwrap_or_default())
        .finish())
}

async fn serve(upgrade: OnUpgrade, events: broadcast::Sender<Utf8Bytes>) {
    let Ok(stream) = upgrade.await else { return };
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    forward(socket, events.subscribe()).await;
}

/// Echoes the messages of a client, and sends it the broadcast events.
async fn forward(mut socket: WebSocketStream<Upgraded>, mut events: broadcast::Receiver<Utf8Bytes>) {
    loop {
        let message = tokio::select! {
            Some(Ok(Message::Text(text))) = socket.next() => text,
            Ok(event) = events.recv() => event,
            else => return,
        };
        if socket.send(Message::Text(message)).await.is_err() {
            return;
        }
    }
}
