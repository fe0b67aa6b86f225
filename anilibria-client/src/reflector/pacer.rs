//! Keeps calls apart, to stay a polite caller.

use std::time::Duration;

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

/// Lets callers through one by one with at least `gap` between two.
#[derive(Debug)]
pub(super) struct Pacer {
    gap: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pacer {
    pub(super) fn new(gap: Duration) -> Self {
        Self { gap, next: Mutex::default() }
    }

    /// Waits for the caller's turn. A caller that leaves while it waits gives up its turn and nothing else.
    pub(super) async fn turn(&self) {
        if self.gap.is_zero() {
            return;
        }
        let mut next = self.next.lock().await;
        if let Some(at) = *next {
            sleep_until(at).await;
        }
        *next = Some(Instant::now() + self.gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_are_a_gap_apart() {
        let pacer = Pacer::new(Duration::from_millis(250));
        let start = Instant::now();

        futures::future::join_all((0..5).map(|_| pacer.turn())).await;

        assert!(start.elapsed() >= Duration::from_secs(1));
    }
}
