//! Changes at AniLibria, and faults of Redis.

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use anilibria_client::sandbox::RunningSandbox;
use test_services::RedisServer;
use tokio::time::sleep;

/// Pause between two faults of Redis.
const FAULT_EVERY: Duration = Duration::from_secs(30);

/// Duration for which Redis does not answer.
const FREEZE: Duration = Duration::from_secs(3);

/// Publishes an episode every few seconds.
pub(crate) async fn publish(sandbox: Arc<RunningSandbox>) {
    loop {
        sleep(Duration::from_secs(3)).await;
        // A release that is complete gets no further episode.
        let _ = sandbox.publish_episode(fastrand::u32(1..=300));
    }
}

/// A thread that restarts and suspends Redis in turn. Redis ends with it.
pub(crate) struct Redis {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Redis {
    pub(crate) fn start(mut server: RedisServer) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            for fault in 0_u32.. {
                if stopped.recv_timeout(FAULT_EVERY) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
                if fault % 2 == 0 {
                    server.restart();
                } else {
                    server.freeze();
                    thread::sleep(FREEZE);
                    server.thaw();
                }
            }
        });
        Self { stop, thread }
    }

    /// Ends Redis after the fault in progress.
    pub(crate) fn stop(self) {
        // The thread ended if Redis did not start again.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}
