//! Differences between a native program and a page in a browser: time, tasks, and the bounds of futures.

#[cfg(target_arch = "wasm32")]
pub(crate) use browser::*;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::*;

use std::time::Duration;

/// The longest time that is added to a clock. Every clock can represent it.
const FAR: Duration = Duration::from_hours(24 * 365 * 30);

/// Returns the time `after` from `start`; at most 30 years, so that no duration overflows the clock.
pub(crate) fn later(start: Instant, after: Duration) -> Instant {
    start.checked_add(after.min(FAR)).unwrap_or(start)
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use futures::{future::BoxFuture, stream::BoxStream};
    use tokio::task::{JoinError, JoinSet};
    pub(crate) use tokio::time::{Instant, sleep, sleep_until, timeout};

    /// A call in progress. It may move between threads.
    pub(crate) type CallFuture<T> = BoxFuture<'static, T>;

    /// A boxed stream. It may move between threads.
    pub(crate) type BoxedStream<T> = BoxStream<'static, T>;

    /// A background task. Dropping it cancels the task.
    pub(crate) struct Task<T>(JoinSet<T>);

    impl<T: Send + 'static> Task<T> {
        pub(crate) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
            let mut tasks = JoinSet::new();
            tasks.spawn(work);
            Self(tasks)
        }

        /// Returns the result of the task, or an error if the task panicked or was cancelled.
        pub(crate) async fn join(mut self) -> Option<Result<T, JoinError>> {
            self.0.join_next().await
        }
    }

    /// Boxes a stream that can move between threads.
    pub(crate) fn boxed<T>(stream: impl futures::Stream<Item = T> + Send + 'static) -> BoxedStream<T> {
        futures::StreamExt::boxed(stream)
    }
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::{convert::Infallible, pin::pin, time::Duration};

    use futures::{
        future::{Either, LocalBoxFuture, select},
        stream::LocalBoxStream,
    };
    pub(crate) use web_time::Instant;

    /// A call in progress. It stays in its page.
    pub(crate) type CallFuture<T> = LocalBoxFuture<'static, T>;

    /// A boxed stream. It stays in its page.
    pub(crate) type BoxedStream<T> = LocalBoxStream<'static, T>;

    /// The error of a timeout.
    #[derive(Debug)]
    pub(crate) struct Elapsed;

    pub(crate) async fn sleep(duration: Duration) {
        let milliseconds = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        gloo_timers::future::TimeoutFuture::new(milliseconds).await;
    }

    pub(crate) async fn timeout<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        match select(pin!(work), pin!(sleep(limit))).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right(_) => Err(Elapsed),
        }
    }

    pub(crate) async fn sleep_until(deadline: Instant) {
        sleep(deadline.saturating_duration_since(Instant::now())).await;
    }

    /// A future that runs when it is joined. Pages have no tasks that are cancelled when they are dropped.
    pub(crate) struct Task<T>(LocalBoxFuture<'static, T>);

    impl<T: 'static> Task<T> {
        pub(crate) fn spawn(work: impl Future<Output = T> + 'static) -> Self {
            Self(Box::pin(work))
        }

        pub(crate) async fn join(self) -> Option<Result<T, Infallible>> {
            Some(Ok(self.0.await))
        }
    }

    /// Boxes a stream that stays in its page.
    pub(crate) fn boxed<T>(stream: impl futures::Stream<Item = T> + 'static) -> BoxedStream<T> {
        futures::StreamExt::boxed_local(stream)
    }
}
