//! One WebSocket connection of a client of the site.

use std::ops::ControlFlow;

use anilibria_http::websocket::{CLOSE_TIMEOUT, ClientMessage, ClientSocket, Flow, Protocol, Socket, close};
use futures::SinkExt as _;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{
    answer::{Answer, Fault},
    command::Command,
};
use crate::{
    auth::Users,
    events::{
        Realtime,
        event::EventId,
        hub::{Channel, Delivery, Listener},
    },
};

/// A client of the site.
pub(super) struct Visitor {
    listener: Listener,
    users: Users,
}

impl Visitor {
    pub(super) fn new(realtime: &Realtime, users: Users) -> Self {
        Self { listener: realtime.hub().listen(Channel::Websocket), users }
    }

    async fn obey(&mut self, command: Command, socket: &mut ClientSocket) -> Flow {
        let answer = match command {
            Command::Auth { token } => match self.users.authenticate(&token).await {
                Ok(user) => Answer::AuthSuccess { user_id: user.id },
                Err(error) => Answer::Error(Fault::auth_failed(error)),
            },
            Command::Follow(title_id) => match self.listener.change(|interests| interests.follow(title_id)) {
                Ok(_) => Answer::Followed(title_id),
                Err(error) => Answer::Error(Fault::subscription_limit(error)),
            },
            Command::Leave(title_id) => {
                self.listener.change(|interests| interests.leave(title_id));
                Answer::Left(title_id)
            }
            Command::Select(kinds) => {
                self.listener.change(|interests| interests.select(kinds.iter().copied()));
                if kinds.is_empty() { Answer::SelectedNone } else { Answer::Selected(kinds) }
            }
            Command::Resume(last) => return self.resume(last, socket).await,
            Command::Ping => Answer::Pong,
        };
        say(&answer, socket).await
    }

    /// Sends the events that the client missed.
    async fn resume(&mut self, last: EventId, socket: &mut ClientSocket) -> Flow {
        let replay = self.listener.replay(last);
        for event in &replay.events {
            socket.send(event.kind().as_str(), event.frame().clone()).await?;
        }
        say(&Answer::Resumed { replayed: replay.events.len(), complete: replay.complete }, socket).await
    }
}

impl Protocol for Visitor {
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
            Delivery::Lagged { missed, last } => say(&Answer::Lagged { missed, last }, socket).await,
        }
    }

    async fn on_message(&mut self, message: ClientMessage, socket: &mut ClientSocket) -> Flow {
        let fault = match message {
            ClientMessage::Text(text) => match Command::read(&text) {
                Ok(command) => {
                    socket.count_received(command.kind());
                    // Boxed because commands are rare, and the future of a command is larger than all other state of a
                    // client.
                    return Box::pin(self.obey(command, socket)).await;
                }
                Err(fault) => fault,
            },
            ClientMessage::Binary(_) => Fault::invalid("must be text, not binary"),
        };
        socket.count_received("invalid");
        say(&Answer::Error(fault), socket).await
    }

    async fn on_rate_limited(&mut self, socket: &mut ClientSocket) -> Flow {
        say(&Answer::Error(Fault::rate_limit()), socket).await
    }
}

/// Sends a message to the client.
async fn say(answer: &Answer, socket: &mut ClientSocket) -> Flow {
    socket.send(answer.kind(), answer.frame()).await
}

/// Tells a client that no slot is free, and closes the connection.
pub(super) async fn turn_away(mut socket: Socket) {
    let told = socket.send(Message::Text(Answer::Error(Fault::connection_limit()).frame()));
    if let Ok(Ok(())) = timeout(CLOSE_TIMEOUT, told).await {
        let words = CloseFrame { code: CloseCode::Again, reason: "too many connections".into() };
        close(socket, words).await;
    }
}
