//! Time limits of operations.

use std::{pin::pin, task::Poll, time::Duration};

use futures::future::{self, Either};
use tokio::{runtime::Handle, time};

/// Returns the output of `future`, or `None` if that takes longer than `limit`. The future is then dropped.
///
/// A future that is ready at once uses no timer and needs no runtime. Without a runtime there is no limit.
pub(crate) async fn within<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    if let Poll::Ready(ready) = futures::poll!(&mut future) {
        return Some(ready);
    }
    if limit == Duration::MAX || Handle::try_current().is_err() {
        return Some(future.await);
    }
    match future::select(future, pin!(time::sleep(limit))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_future_needs_no_runtime() {
        let output = futures::FutureExt::now_or_never(within(Duration::ZERO, async { 7 })).flatten();

        assert_eq!(output, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn future_is_dropped_after_the_limit() {
        let slow = || time::sleep(Duration::from_secs(2));

        let (short, long) =
            (within(Duration::from_secs(1), slow()).await, within(Duration::MAX, slow()).await);

        assert_eq!((short, long), (None, Some(())));
    }
}
