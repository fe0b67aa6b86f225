//! A value that is derived from sources, and created again after they have changed.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::{JoinError, spawn_blocking};

/// The last value `V` that was derived from sources `S`. Values are created one at a time, on a thread for blocking work.
pub(super) struct Derived<S, V> {
    last: Mutex<Option<(S, Arc<V>)>>,
    /// Lock that is held while a value is created.
    creating: Arc<tokio::sync::Mutex<()>>,
}

impl<S, V> Default for Derived<S, V> {
    fn default() -> Self {
        Self { last: Mutex::default(), creating: Arc::default() }
    }
}

impl<S, V> Derived<S, V>
where
    S: Clone + PartialEq + Send + 'static,
    V: Send + Sync + 'static,
{
    /// Returns true if there is a value, also one of earlier sources.
    pub(super) fn exists(&self) -> bool {
        self.last().is_some()
    }

    /// Returns the value of `sources`, or the previous value while another caller creates the next one. If there is no previous
    /// value, all callers wait for the same value.
    ///
    /// # Errors
    ///
    /// `create` panicked.
    ///
    /// # Cancel safety
    ///
    /// A started `create` runs to its end and its value is stored, even if the future is dropped. Callers that leave cannot start
    /// another `create` meanwhile.
    pub(super) async fn get(
        self: &Arc<Self>,
        sources: S,
        create: impl FnOnce(&S) -> V + Send + 'static,
    ) -> Result<Arc<V>, JoinError> {
        let last = self.last();
        if let Some((of, value)) = &last
            && *of == sources
        {
            return Ok(Arc::clone(value));
        }
        let permit = match (Arc::clone(&self.creating).try_lock_owned(), last) {
            (Ok(permit), _) => permit,
            (Err(_), Some((_, previous))) => return Ok(previous),
            (Err(_), None) => Arc::clone(&self.creating).lock_owned().await,
        };
        // Another caller may have created the value while this caller waited.
        if let Some((of, value)) = self.last()
            && of == sources
        {
            return Ok(value);
        }
        let derived = Arc::clone(self);
        spawn_blocking(move || {
            let value = Arc::new(create(&sources));
            *derived.last.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((sources, Arc::clone(&value)));
            drop(permit);
            value
        })
        .await
    }

    fn last(&self) -> Option<(S, Arc<V>)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicU32, Ordering},
            mpsc,
        },
        time::Duration,
    };

    use futures::future::join_all;
    use tokio::time::timeout;

    use super::*;

    type Number = Arc<Derived<u32, u32>>;

    /// Starts the creation of the value of `sources`, which waits for a message.
    fn start(current: &Number, sources: u32) -> (impl Future<Output = u32> + use<>, mpsc::Sender<()>) {
        let (finish, wait) = mpsc::channel();
        let current = Arc::clone(current);
        let value = async move {
            let create = move |sources: &u32| {
                let _ = wait.recv();
                sources * 10
            };
            *current.get(sources, create).await.unwrap()
        };
        (value, finish)
    }

    #[tokio::test]
    async fn first_callers_share_one_value() {
        let (current, created) = (Number::default(), Arc::new(AtomicU32::new(0)));
        let get = async || {
            let created = Arc::clone(&created);
            current.get(1, move |_| created.fetch_add(1, Ordering::Relaxed)).await.unwrap()
        };

        join_all((0..20).map(|_| get())).await;

        assert_eq!(created.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn previous_value_is_returned_while_the_next_one_is_created() {
        let current = Number::default();
        current.get(1, |_| 10).await.unwrap();
        let (next, finish) = start(&current, 2);
        let mut next = std::pin::pin!(next);
        assert!(timeout(Duration::from_millis(20), &mut next).await.is_err());

        assert_eq!(*current.get(2, |_| unreachable!("it is being created")).await.unwrap(), 10);

        finish.send(()).unwrap();
        assert_eq!(next.await, 20);
        assert_eq!(*current.get(2, |_| unreachable!("it exists")).await.unwrap(), 20);
    }

    #[tokio::test]
    async fn value_of_a_caller_that_left_is_stored() {
        let current = Number::default();
        let (value, finish) = start(&current, 1);
        assert!(timeout(Duration::from_millis(20), value).await.is_err());
        let other = current.get(1, |_| unreachable!("it is being created"));

        finish.send(()).unwrap();

        assert_eq!(*other.await.unwrap(), 10);
    }

    #[tokio::test]
    async fn panic_is_an_error_and_the_next_caller_creates_the_value() {
        let current = Number::default();

        assert!(current.get(1, |_| panic!("on purpose")).await.is_err());

        assert!(!current.exists());
        assert_eq!(*current.get(1, |_| 10).await.unwrap(), 10);
    }
}
