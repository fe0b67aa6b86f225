//! Changes that were given up, but may still take effect.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;

use crate::patience::within;

/// For so long at most is a change in doubt; a store that takes longer has forgotten it.
const LONGEST_DOUBT: Duration = Duration::from_mins(2);

/// How many changes a store was sent and did not confirm in time.
///
/// It may do them late: a server that was frozen finds them in its socket when it is thawed. An old value would then come
/// back that an invalidation had already been there for, so the level tells it nothing before they have ended.
#[derive(Debug, Default)]
pub(super) struct InDoubt(Arc<AtomicUsize>);

impl InDoubt {
    /// What `change` gives within `limit`. One that takes longer goes on in the background, and is in doubt until it has
    /// ended.
    pub(super) async fn within<T: Send + 'static>(
        &self,
        limit: Duration,
        mut change: BoxFuture<'static, T>,
    ) -> Option<T> {
        let done = within(limit, &mut change).await;
        if done.is_none() {
            let doubt = Doubt::new(&self.0);
            tokio::spawn(async move {
                let _doubt = doubt;
                within(LONGEST_DOUBT, change).await;
            });
        }
        done
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

/// One change that is in doubt, for as long as this is there.
struct Doubt(Arc<AtomicUsize>);

impl Doubt {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Doubt {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::FutureExt;
    use tokio::time::{advance, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_that_takes_too_long_is_in_doubt_until_it_has_ended() {
        let in_doubt = InDoubt::default();
        let change = sleep(Duration::from_secs(5)).boxed();

        let done = in_doubt.within(Duration::from_secs(1), change).await;

        assert!(done.is_none() && in_doubt.any());
        sleep(Duration::from_secs(5)).await;
        assert!(!in_doubt.any());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_ends_in_time_is_not_and_one_that_never_ends_is_not_for_ever() {
        let in_doubt = InDoubt::default();

        let quick = in_doubt.within(Duration::from_secs(1), async { 7 }.boxed()).await;
        let doubted = in_doubt.any();
        in_doubt.within(Duration::from_secs(1), pending::<()>().boxed()).await;
        tokio::task::yield_now().await;
        advance(LONGEST_DOUBT + Duration::from_secs(1)).await;
        tokio::task::yield_now().await;

        assert_eq!((quick, doubted, in_doubt.any()), (Some(7), false, false));
    }
}
