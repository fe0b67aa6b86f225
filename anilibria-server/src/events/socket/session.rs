//! The protocol of one WebSocket connection: executes commands and sends events.

use std::ops::ControlFlow;

use anilibria_http::websocket::{Dialogue, Flow, GOODBYE, Line, Said, Socket, close};
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
    async fn execute(&mut self, command: Command, line: &mut Line) -> Flow {
        let message = match command {
            Command::Auth { token } => match self.users.vouched(&token).await {
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
            Command::Resume(last) => return self.resume(last, line).await,
            Command::Ping => ServerMessage::Pong,
        };
        send(&message, line).await
    }

    /// Sends the events that the client missed.
    async fn resume(&mut self, last: EventId, line: &mut Line) -> Flow {
        let replay = self.listener.replay(last);
        for event in &replay.events {
            line.say(event.kind().as_str(), event.frame().clone()).await?;
        }
        send(&ServerMessage::Resumed { replayed: replay.events.len(), complete: replay.complete }, line).await
    }
}

impl Dialogue for ClientSession {
    type News = Delivery;

    async fn greet(&mut self, _line: &mut Line) -> Flow {
        ControlFlow::Continue(())
    }

    async fn news(&mut self) -> Delivery {
        self.listener.next().await
    }

    async fn tell(&mut self, delivery: Delivery, line: &mut Line) -> Flow {
        match delivery {
            // The hub has counted the delivery.
            Delivery::Event(event) => line.send(event.frame().clone()).await,
            Delivery::Lagged { missed, last } => send(&ServerMessage::Lagged { missed, last }, line).await,
        }
    }

    async fn hear(&mut self, said: Said, line: &mut Line) -> Flow {
        let error = match said {
            Said::Text(text) => match Command::parse(&text) {
                Ok(command) => {
                    line.heard(command.kind());
                    // Boxed because commands are rare, and the future of a command is larger than all other state of a
                    // connection.
                    return Box::pin(self.execute(command, line)).await;
                }
                Err(error) => error,
            },
            Said::Binary(_) => CommandError::invalid("must be a text message, not a binary message"),
        };
        line.heard("invalid");
        send(&ServerMessage::Error(error), line).await
    }

    async fn refuse(&mut self, line: &mut Line) -> Flow {
        send(&ServerMessage::Error(CommandError::rate_limit()), line).await
    }
}

/// Sends a message to the client.
async fn send(message: &ServerMessage, line: &mut Line) -> Flow {
    line.say(message.kind(), message.frame()).await
}

/// Sends the error `CONNECTION_LIMIT` to a client that receives no slot, and closes the connection.
pub(super) async fn reject(mut socket: Socket) {
    let sent = socket.send(Message::Text(ServerMessage::Error(CommandError::connection_limit()).frame()));
    if let Ok(Ok(())) = timeout(GOODBYE, sent).await {
        let frame = CloseFrame { code: CloseCode::Again, reason: "too many connections".into() };
        close(socket, frame).await;
    }
}
