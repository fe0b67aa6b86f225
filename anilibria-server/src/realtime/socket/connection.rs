//! One client over one socket, from hello to goodbye.

use std::{ops::ControlFlow, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use poem::Upgraded;
use tokio::{
    io::AsyncReadExt as _,
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Bytes, Error, Message, Utf8Bytes,
        error::{CapacityError, ProtocolError},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tracing::debug;

use super::{
    super::{
        Realtime,
        event::EventId,
        hub::{Channel, Delivery, Listener},
    },
    allowance::{Allowance, Verdict},
    answer::{Answer, Fault},
    command::Command,
};
use crate::auth::Users;

/// A socket as the framework hands it over.
pub(super) type Socket = WebSocketStream<Upgraded>;

/// How long a client may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Bytes that are thrown away at a time after a connection is closed.
const RUBBISH: usize = 1024;

/// Goes on, or ends with these words; without, when there is nobody left to say them to.
type Flow = ControlFlow<Option<CloseFrame>>;

/// One client.
pub(super) struct Connection {
    socket: Socket,
    listener: Listener,
    users: Users,
    realtime: Realtime,
    allowance: Allowance,
    stopping: watch::Receiver<bool>,
    ping_interval: Duration,
    ping_timeout: Duration,
    /// When the client is asked for a sign of life, or has not given one.
    due: Instant,
    is_asked: bool,
}

impl Connection {
    pub(super) fn new(socket: Socket, realtime: &Realtime, users: Users) -> Self {
        let config = realtime.config();
        let now = Instant::now();
        Self {
            socket,
            listener: realtime.hub().listen(Channel::Websocket),
            users,
            realtime: realtime.clone(),
            allowance: Allowance::new(now),
            stopping: realtime.stopping(),
            ping_interval: config.websocket_ping_interval,
            ping_timeout: config.websocket_ping_timeout,
            due: now + config.websocket_ping_interval,
            is_asked: false,
        }
    }

    /// Serves the client until either side has enough.
    pub(super) async fn run(mut self) {
        let end = loop {
            let flow = match self.next().await {
                Next::Message(message) => self.hear(message).await,
                Next::Delivery(delivery) => self.deliver(delivery).await,
                Next::Due => self.ask().await,
                Next::Stop => goodbye(CloseCode::Away, "the service stops"),
            };
            if let ControlFlow::Break(end) = flow {
                break end;
            }
        };
        if let Some(words) = end {
            close(self.socket, words).await;
        }
    }

    async fn next(&mut self) -> Next {
        tokio::select! {
            // Whoever wishes for events and resumes in one breath gets what it has missed before what is new.
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => Next::Stop,
            message = self.socket.next() => Next::Message(message),
            delivery = self.listener.next() => Next::Delivery(delivery),
            () = sleep_until(self.due) => Next::Due,
        }
    }

    /// Takes in what came from the client.
    async fn hear(&mut self, message: Option<Result<Message, Error>>) -> Flow {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return broken(&error),
            None => return ControlFlow::Break(None),
        };
        // Whatever it is, it is a sign of life.
        self.is_asked = false;
        self.due = Instant::now() + self.ping_interval;
        let tally = self.realtime.tally();
        tally.messages.add();
        let verdict = self.allowance.count(Instant::now());
        if verdict != Verdict::Heed {
            tally.refused.add();
            tally.incoming.add("refused");
        }
        match verdict {
            Verdict::Heed => {}
            Verdict::Refuse => return self.answer(&Answer::Error(Fault::rate_limit())).await,
            Verdict::Ignore => return ControlFlow::Continue(()),
            Verdict::Close => return goodbye(CloseCode::Policy, "too many messages"),
        }
        match message {
            Message::Text(text) => match Command::read(&text) {
                Ok(command) => {
                    tally.incoming.add(command.kind());
                    self.obey(command).await
                }
                Err(fault) => {
                    tally.incoming.add("invalid");
                    self.answer(&Answer::Error(fault)).await
                }
            },
            Message::Binary(_) => {
                tally.incoming.add("invalid");
                self.answer(&Answer::Error(Fault::invalid("must be text, not binary"))).await
            }
            // Pings are answered beneath, and so is a goodbye, after which nothing more comes.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                tally.incoming.add("control");
                self.in_time(Sending::Flush).await
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Flow {
        let answer = match command {
            Command::Auth { token } => match self.users.vouched(&token).await {
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
            Command::Resume(last) => return self.resume(last).await,
            Command::Ping => Answer::Pong,
        };
        self.answer(&answer).await
    }

    /// Tells what the client has missed.
    async fn resume(&mut self, last: EventId) -> Flow {
        let replay = self.listener.replay(last);
        for event in &replay.events {
            self.realtime.tally().outgoing.add(event.kind().as_str());
            self.send(event.frame().clone()).await?;
        }
        self.answer(&Answer::Resumed { replayed: replay.events.len(), complete: replay.complete }).await
    }

    async fn deliver(&mut self, delivery: Delivery) -> Flow {
        match delivery {
            Delivery::Event(event) => self.send(event.frame().clone()).await,
            Delivery::Lagged { missed, last } => self.answer(&Answer::Lagged { missed, last }).await,
        }
    }

    /// Asks for a sign of life, or gives up after one that did not come.
    async fn ask(&mut self) -> Flow {
        if self.is_asked {
            debug!("A client gives no sign of life");
            self.realtime.tally().given_up.add();
            return ControlFlow::Break(None);
        }
        self.is_asked = true;
        self.due = Instant::now() + self.ping_timeout;
        self.in_time(Sending::Ping).await
    }

    async fn answer(&mut self, answer: &Answer) -> Flow {
        self.realtime.tally().outgoing.add(answer.kind());
        self.send(answer.frame()).await
    }

    async fn send(&mut self, frame: Utf8Bytes) -> Flow {
        self.in_time(Sending::Frame(frame)).await
    }

    /// Sends something, unless the client takes too long to take it.
    async fn in_time(&mut self, sending: Sending) -> Flow {
        let socket = &mut self.socket;
        let sent = timeout(self.ping_timeout, async {
            match sending {
                Sending::Frame(frame) => socket.send(Message::Text(frame)).await,
                Sending::Ping => socket.send(Message::Ping(Bytes::new())).await,
                Sending::Flush => socket.flush().await,
            }
        });
        match sent.await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(error)) => {
                debug!(%error, "A client cannot be told anything any more");
                ControlFlow::Break(None)
            }
            Err(_) => {
                debug!("A client does not take what it is sent");
                self.realtime.tally().given_up.add();
                ControlFlow::Break(None)
            }
        }
    }
}

/// What happens next to a connection.
enum Next {
    Message(Option<Result<Message, Error>>),
    Delivery(Delivery),
    /// It is time for a sign of life.
    Due,
    /// The service stops.
    Stop,
}

enum Sending {
    Frame(Utf8Bytes),
    Ping,
    Flush,
}

/// Tells a client that there is no place for it.
pub(super) async fn turn_away(mut socket: Socket) {
    let told = socket.send(Message::Text(Answer::Error(Fault::connection_limit()).frame()));
    if let Ok(Ok(())) = timeout(GOODBYE, told).await {
        let words = CloseFrame { code: CloseCode::Again, reason: "too many connections".into() };
        close(socket, words).await;
    }
}

/// Says goodbye and lets the client do so. What it had sent by then is thrown away, or else the end of the connection would
/// overtake the words.
async fn close(mut socket: Socket, words: CloseFrame) {
    let goodbye = async {
        socket.close(Some(words)).await?;
        let stream = socket.get_mut();
        let mut rubbish = [0; RUBBISH];
        while stream.read(&mut rubbish).await? > 0 {}
        Ok::<_, Error>(())
    };
    // Whoever takes longer is left without.
    let _ = timeout(GOODBYE, goodbye).await;
}

fn goodbye(code: CloseCode, reason: &'static str) -> Flow {
    ControlFlow::Break(Some(CloseFrame { code, reason: reason.into() }))
}

/// What to say to a client that sent something that is no message.
fn broken(error: &Error) -> Flow {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            goodbye(CloseCode::Size, "a message has at most 64 KiB")
        }
        Error::Utf8(_) => goodbye(CloseCode::Invalid, "text must be UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => ControlFlow::Break(None),
        Error::Protocol(_) => goodbye(CloseCode::Protocol, "not a frame of WebSocket"),
        _ => ControlFlow::Break(None),
    }
}
