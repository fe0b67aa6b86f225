//! One WebSocket connection of a client of the site.

use std::ops::ControlFlow;

use anilibria_http::websocket::{Dialogue, Flow, GOODBYE, Line, Said, Socket, close};
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

    async fn obey(&mut self, command: Command, line: &mut Line) -> Flow {
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
            Command::Resume(last) => return self.resume(last, line).await,
            Command::Ping => Answer::Pong,
        };
        say(&answer, line).await
    }

    /// Sends the events that the client missed.
    async fn resume(&mut self, last: EventId, line: &mut Line) -> Flow {
        let replay = self.listener.replay(last);
        for event in &replay.events {
            line.say(event.kind().as_str(), event.frame().clone()).await?;
        }
        say(&Answer::Resumed { replayed: replay.events.len(), complete: replay.complete }, line).await
    }
}

impl Dialogue for Visitor {
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
            Delivery::Lagged { missed, last } => say(&Answer::Lagged { missed, last }, line).await,
        }
    }

    async fn hear(&mut self, said: Said, line: &mut Line) -> Flow {
        let fault = match said {
            Said::Text(text) => match Command::read(&text) {
                Ok(command) => {
                    line.heard(command.kind());
                    // Boxed because commands are rare, and the future of a command is larger than all other state of a
                    // client.
                    return Box::pin(self.obey(command, line)).await;
                }
                Err(fault) => fault,
            },
            Said::Binary(_) => Fault::invalid("must be text, not binary"),
        };
        line.heard("invalid");
        say(&Answer::Error(fault), line).await
    }

    async fn refuse(&mut self, line: &mut Line) -> Flow {
        say(&Answer::Error(Fault::rate_limit()), line).await
    }
}

/// Sends a message to the client.
async fn say(answer: &Answer, line: &mut Line) -> Flow {
    line.say(answer.kind(), answer.frame()).await
}

/// Tells a client that no slot is free, and closes the connection.
pub(super) async fn turn_away(mut socket: Socket) {
    let told = socket.send(Message::Text(Answer::Error(Fault::connection_limit()).frame()));
    if let Ok(Ok(())) = timeout(GOODBYE, told).await {
        let words = CloseFrame { code: CloseCode::Again, reason: "too many connections".into() };
        close(socket, words).await;
    }
}
