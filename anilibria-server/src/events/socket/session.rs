//! The protocol of one WebSocket connection: executes commands and sends events.

use std::ops::ControlFlow;

use anilibria_http::websocket::{CLOSE_TIMEOUT, ClientMessage, ClientSocket, Flow, Protocol, Socket, close};
use futures::SinkExt as _;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{
    command::Command,
    server_message::{CommandError, ServerMessage},
};
use crate::{
    auth::Users,
    events::{
        Realtime,
        event::EventId,
        hub::{Channel, Delivery, Listener},
    },
};

/// State of one connection: the subscriptions of the client, and the users for authentication.
pub(super) struct ClientSession {
    listener: Listener,
    users: Users,
}

impl ClientSession {
    pub(super) fn new(realtime: &Realtime, users: Users) -> Self {
        Self { listener: realtime.hub().listen(Channel::Websocket), users }
    }

    /// Executes `command` and sends the reply.
    async fn execute(&mut self, command: Command, socket: &mut ClientSocket) -> Flow {
        let message = match command {
            Command::Auth { token } => match self.users.authenticate(&token).await {
                Ok(user) => ServerMessage::AuthSuccess { user_id: user.id },
                Err(error) => ServerMessage::Error(CommandError::auth_failed(error)),
            },
            Command::Follow(title_id) => {
                match self.listener.update(|subscriptions| subscriptions.follow(title_id)) {
                    Ok(_) => ServerMessage::Followed(title_id),
                    Err(error) => ServerMessage::Error(CommandError::subscription_limit(error)),
                }
            }
            Command::Unfollow(title_id) => {
                self.listener.update(|subscriptions| subscriptions.unfollow(title_id));
                ServerMessage::Unfollowed(title_id)
            }
            Command::SelectKinds(kinds) => {
                self.listener.update(|subscriptions| subscriptions.select(kinds.iter().copied()));
                if kinds.is_empty() {
                    ServerMessage::KindsCleared
                } else {
                    ServerMessage::KindsSelected(kinds)
                }
            }
            Command::Resume(last) => return self.resume(last, socket).await,
            Command::Ping => ServerMessage::Pong,
        };
        send(&message, socket).await
    }

    /// Sends the events that the client missed.
    async fn resume(&mut self, last: EventId, socket: &mut ClientSocket) -> Flow {
        let replay = self.listener.replay(last);
        for event in &replay.events {
            socket.send(event.kind().as_str(), event.frame().clone()).await?;
        }
        send(&ServerMessage::Resumed { replayed: replay.events.len(), complete: replay.complete }, socket)
            .await
    }
}

impl Protocol for ClientSession {
    type Event = Delivery;

    async fn on_open(&mut self, _socket: &mut ClientSocket) -> Flow {
        ControlFlow::Continue(())
    }

    async fn next_event(&mut self) -> Delivery {
        self.listener.next().await
    }

    async fn on_event(&mut self, delivery: Delivery, socket: &mut ClientSocket) -> Flow {
        match delivery {
            // The hub has counted the delivery.
            Delivery::Event(event) => socket.send_uncounted(event.frame().clone()).await,
            Delivery::Lagged { missed, last } => send(&ServerMessage::Lagged { missed, last }, socket).await,
        }
    }

    async fn on_message(&mut self, message: ClientMessage, socket: &mut ClientSocket) -> Flow {
        let error = match message {
            ClientMessage::Text(text) => match Command::parse(&text) {
                Ok(command) => {
                    socket.count_received(command.kind());
                    // Boxed because commands are rare, and the future of a command is larger than all other state of a
                    // connection.
                    return Box::pin(self.execute(command, socket)).await;
                }
                Err(error) => error,
            },
            ClientMessage::Binary(_) => CommandError::invalid("must be a text message, not a binary message"),
        };
        socket.count_received("invalid");
        send(&ServerMessage::Error(error), socket).await
    }

    async fn on_rate_limited(&mut self, socket: &mut ClientSocket) -> Flow {
        send(&ServerMessage::Error(CommandError::rate_limit()), socket).await
    }
}

/// Sends a message to the client.
async fn send(message: &ServerMessage, socket: &mut ClientSocket) -> Flow {
    socket.send(message.kind(), message.frame()).await
}

/// Sends the error `CONNECTION_LIMIT` to a client that receives no slot, and closes the connection.
pub(super) async fn reject(mut socket: Socket) {
    let sent = socket.send(Message::Text(ServerMessage::Error(CommandError::connection_limit()).frame()));
    if let Ok(Ok(())) = timeout(CLOSE_TIMEOUT, sent).await {
        let frame = CloseFrame { code: CloseCode::Again, reason: "too many connections".into() };
        close(socket, frame).await;
    }
}
