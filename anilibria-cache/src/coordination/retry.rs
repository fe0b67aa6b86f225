//! Repetition of work that has to succeed.

use std::{fmt::Display, time::Duration};

use tokio::time::sleep;
use tracing::{info, warn};

/// Pause after the first failure, and the longest pause.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Repeats `work` until it succeeds, with pauses that double from 200 ms to 5 s. Logs the first failure, with `failure` as its
/// message, and the success after it.
///
/// # Cancel safety
///
/// Dropping the future ends the repetition; `work` is dropped where it is.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut attempts = 0;
/// let saved = anilibria_cache::coordination::retry_until_done("cannot save the cursor", || {
///     attempts += 1;
///     std::future::ready(if attempts < 3 { Err("unreachable") } else { Ok(attempts) })
/// });
///
/// assert_eq!(saved.await, 3);
/// # }
/// ```
pub async fn retry_until_done<T, E, F>(failure: &str, mut work: impl FnMut() -> F) -> T
where
    E: Display,
    F: Future<Output = Result<T, E>>,
{
    let (mut pause, longest) = BACKOFF;
    let mut failures = 0_u64;
    loop {
        match work().await {
            Ok(done) => {
                if failures > 0 {
                    info!(failures, "{failure}: retry succeeded");
                }
                return done;
            }
            Err(error) if failures == 0 => warn!(error = format!("{error:#}"), "{failure}, retrying"),
            Err(_) => {}
        }
        failures = failures.saturating_add(1);
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}
