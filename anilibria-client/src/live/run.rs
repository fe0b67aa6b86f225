//! Connection after connection, and the waits between them.

use std::time::Duration;

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};
use url::Url;

use super::{
    event::Event,
    memory::Memory,
    session::{End, Session, Told},
    subscriptions::Wanted,
};
use crate::{Error, RetryPolicy, client::upgrade::Dialer};

/// What a stream needs to run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) url: Url,
    pub(super) dialer: Dialer,
    pub(super) retry: RetryPolicy,
    pub(super) idle_timeout: Duration,
    pub(super) wanted: watch::Receiver<Wanted>,
    pub(super) memory: Memory,
    pub(super) out: mpsc::Sender<Told>,
}

impl Run {
    /// Connects again and again, until nobody reads any more or it makes no sense to go on.
    pub(super) async fn run(mut self) {
        let mut delays = self.retry.delays();
        let mut was_connected = false;
        loop {
            let started = Instant::now();
            let End::Failed(error) = self.connection(&mut was_connected).await else { return };
            // A service that lets everyone in and throws them out at once is not asked at full speed.
            if started.elapsed() >= self.retry.longest_delay() {
                delays = self.retry.delays();
            }
            let wait = if may_pass(&error) { delays.next_delay() } else { None };
            let wait = wait.map(|wait| patient(wait, self.retry.longest_delay(), &error));
            tracing::debug!(host = self.url.host_str(), error = error.kind(), ?wait, "live connection ended");
            let told = Told { event: Err(error), position: self.memory.position().cloned() };
            let (Ok(()), Some(wait)) = (self.out.send(told).await, wait) else { return };
            sleep(wait).await;
        }
    }

    async fn connection(&mut self, was_connected: &mut bool) -> End {
        let socket = match self.dialer.connect(&self.url).await {
            Ok(socket) => socket,
            Err(error) => return End::Failed(error),
        };
        tracing::debug!(host = self.url.host_str(), "live connection open");
        // Without any event yet there is nothing to go on from, and no way to know what happened meanwhile.
        if std::mem::replace(was_connected, true) && self.memory.position().is_none() {
            let told = Told { event: Ok(Event::Missed { count: None }), position: None };
            if self.out.send(told).await.is_err() {
                return End::Unread;
            }
        }
        Session::new(socket, self.idle_timeout, &mut self.wanted, &mut self.memory, &self.out).run().await
    }
}

/// The longest wait that the service can ask for.
const MAX_ASKED_WAIT: Duration = Duration::from_mins(15);

/// The wait before the next attempt: longer than `wait` when the service is full or has had enough of us, and no
/// shorter than it asks for.
fn patient(wait: Duration, longest: Duration, error: &Error) -> Duration {
    let wait = match error {
        Error::Closed { code: 1008 | 1013, .. } | Error::Blocked { .. } | Error::RateLimited { .. } => {
            wait.max(longest / 2 + wait / 2)
        }
        _ => wait,
    };
    wait.max(error.retry_after().unwrap_or_default().min(MAX_ASKED_WAIT))
}

/// Whether another connection may fare better.
fn may_pass(error: &Error) -> bool {
    error.is_transient() || matches!(error, Error::TooLarge { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_service_is_left_alone_for_longer_and_for_as_long_as_it_asks_within_a_bound() {
        let wait = |error: &Error| patient(Duration::from_secs(2), Duration::from_secs(30), error).as_secs();
        let closed = |code| wait(&Error::Closed { code, reason: String::new() });
        let limited = |seconds| wait(&Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) });

        assert_eq!([1001, 1008, 1013].map(closed), [2, 16, 16]);
        assert_eq!([1, 60, 86_400].map(limited), [16, 60, 900]);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let status = |status| Error::Status { status, message: String::new() };

        assert!(may_pass(&status(502)) && may_pass(&Error::TooLarge { limit: 1 }));
        assert!(may_pass(&Error::Closed { code: 1008, reason: String::new() }));
        assert!(!may_pass(&status(400)) && !may_pass(&Error::NotFound { message: String::new() }));
    }
}
