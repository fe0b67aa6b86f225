//! The settings that every stream over a WebSocket has.

use std::time::Duration;

use crate::{
    Error, Result, Secret,
    client::upgrade::{Dialer, DialerSettings},
};

/// The settings that every stream over a WebSocket has. Its builder gets their setters from [`setters!`].
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How long opening a connection may take.
    pub(crate) connect_timeout: Duration,
    /// How long the service may be silent.
    pub(crate) idle_timeout: Duration,
    /// How many events may wait for the reader.
    pub(crate) buffer: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let (connect_timeout, idle_timeout) = (Duration::from_secs(10), Duration::from_mins(1));
        Self { connect_timeout, idle_timeout, buffer: 256 }
    }
}

impl Settings {
    /// What opens the connections of the stream, for messages of up to `max_message_size` bytes. Fails with
    /// [`Error::Config`] when a setting cannot be right.
    pub(crate) fn dialer(
        &self,
        max_message_size: usize,
        user_agent: &str,
        proxy: Option<&Secret>,
    ) -> Result<Dialer> {
        let timeout = self.connect_timeout;
        for (setting, limit) in [("connect_timeout", timeout), ("idle_timeout", self.idle_timeout)] {
            if limit.is_zero() {
                return Err(Error::Config { setting, reason: "must be longer than zero".to_owned() });
            }
        }
        Dialer::new(DialerSettings { timeout, max_message_size, user_agent, proxy })
    }
}

/// The setters of a builder whose field `socket` are [`Settings`].
macro_rules! setters {
    ($builder:ident) => {
        impl $builder {
            /// How long opening a connection may take. Default: 10 seconds.
            pub fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.socket.connect_timeout = timeout;
                self
            }

            /// How long the service may be silent before the connection counts as dead. Default: a minute, after half
            /// of which it is asked for a sign of life.
            pub fn idle_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.socket.idle_timeout = timeout;
                self
            }

            /// How many events may wait for the reader, from 1 to 65,536; values beyond are moved into that range.
            /// Default: 256.
            pub fn buffer(mut self, events: usize) -> Self {
                self.socket.buffer = events.clamp(1, 65_536);
                self
            }
        }
    };
}

pub(crate) use setters;
