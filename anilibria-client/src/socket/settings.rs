//! Settings of all streams over a WebSocket.

use std::time::Duration;

use crate::{
    Error, Result, Secret,
    client::upgrade::{Dialer, DialerSettings},
};

/// Settings of all streams over a WebSocket. Their builders get the setters from [`setters!`].
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Time limit for opening a connection.
    pub(crate) connect_timeout: Duration,
    /// Time without any frame after which the connection is closed.
    pub(crate) idle_timeout: Duration,
    /// Number of events that are buffered for the reader.
    pub(crate) buffer: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let (connect_timeout, idle_timeout) = (Duration::from_secs(10), Duration::from_mins(1));
        Self { connect_timeout, idle_timeout, buffer: 256 }
    }
}

impl Settings {
    /// Creates the dialer of the stream, for messages of up to `max_message_size` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a setting is invalid.
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

/// Setters of a builder whose field `socket` is [`Settings`].
macro_rules! setters {
    ($builder:ident) => {
        impl $builder {
            /// Sets the time limit for opening a connection. Default: 10 seconds.
            pub fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.socket.connect_timeout = timeout;
                self
            }

            /// Sets the time without any frame from the service after which the connection is closed. Default: one minute. The
            /// client sends a ping after half of this time.
            pub fn idle_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.socket.idle_timeout = timeout;
                self
            }

            /// Sets the number of events that are buffered for the reader, from 1 to 65,536; other values are clamped to this
            /// range. Default: 256.
            pub fn buffer(mut self, events: usize) -> Self {
                self.socket.buffer = events.clamp(1, 65_536);
                self
            }
        }
    };
}

pub(crate) use setters;
