//! How fast messages may go out.

use std::time::Duration;

use tokio::time::Instant;

/// The service takes 20 messages a second and 40 at once; less is asked of it, as clocks and networks differ.
const EVERY: Duration = Duration::from_millis(75);
const BURST: u32 = 30;

/// When the next message may go out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// When all that went out would have gone out, had there been no burst.
    due: Instant,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self { due: now }
    }

    /// When the next message may go out.
    pub(crate) fn ready_at(self) -> Instant {
        self.due.checked_sub(EVERY * BURST).unwrap_or(self.due)
    }

    /// A message goes out.
    pub(crate) fn spend(&mut self, now: Instant) {
        self.due = self.due.max(now) + EVERY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn thirty_go_out_at_once_and_then_some_thirteen_a_second() {
        let start = Instant::now() + Duration::from_hours(1);
        let (mut pace, mut now) = (Pace::new(start), start);
        let mut sent_at_once = 0;

        for _ in 0..200 {
            now = now.max(pace.ready_at());
            sent_at_once += u32::from(now == start);
            pace.spend(now);
        }

        assert_eq!(sent_at_once, BURST + 1);
        assert_eq!(now - start, EVERY * (200 - BURST - 1));
    }
}
