//! The indexes of the collection, created once in the background.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mongodb::{
    Collection, IndexModel,
    bson::{RawDocumentBuf, doc},
    options::IndexOptions,
};
use tokio::time::timeout;

use super::document::{ENTRY, EXPIRES_AT, TAGS};

/// Time after a failure until the indexes are created again.
const RETRY_AFTER: Duration = Duration::from_mins(5);

/// Time limit for creating an index, which takes long for a large collection.
const CREATE_TIMEOUT: Duration = Duration::from_mins(1);

/// The state of the indexes. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Indexes(Arc<Mutex<State>>);

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Wanted,
    /// Creating the indexes failed. It is tried again at this time.
    Failed(Instant),
    /// The indexes exist or are being created.
    Settled,
}

impl Indexes {
    /// Begins to create the indexes of `collection`, unless they exist, are being created, or have failed recently.
    ///
    /// The store works without them. The server then searches every document for a tag, and expired documents read as
    /// absent but are not removed.
    pub(super) fn ensure(&self, collection: &Collection<RawDocumentBuf>) {
        if !self.claim() {
            return;
        }

        let (indexes, collection) = (self.clone(), collection.clone());
        tokio::spawn(async move {
            // One by one, because a server without TTL indexes can still create the other index.
            let tags = create(&collection, tags()).await;
            let expiry = create(&collection, expiry()).await;
            if !(tags && expiry) {
                indexes.set_state(State::Failed(Instant::now() + RETRY_AFTER));
            }
        });
    }

    /// Returns true if the caller should create the indexes.
    fn claim(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = match *state {
            State::Wanted => true,
            State::Failed(until) => Instant::now() >= until,
            State::Settled => false,
        };
        if is_wanted {
            *state = State::Settled;
        }
        is_wanted
    }

    fn set_state(&self, state: State) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// Returns the index of the tags.
fn tags() -> IndexModel {
    IndexModel::builder().keys(doc! { TAGS.as_str(): 1 }).build()
}

/// Returns the TTL index. It covers only entries, because other documents may have a field of the same name.
fn expiry() -> IndexModel {
    let options = IndexOptions::builder()
        .expire_after(Duration::ZERO)
        .partial_filter_expression(doc! { ENTRY.as_str(): { "$exists": true } })
        .build();
    IndexModel::builder().keys(doc! { EXPIRES_AT.as_str(): 1 }).options(options).build()
}

/// Creates `index` if it does not exist. Returns true if it exists afterwards.
async fn create(collection: &Collection<RawDocumentBuf>, index: IndexModel) -> bool {
    let keys = index.keys.clone();
    let error = match timeout(CREATE_TIMEOUT, collection.create_index(index)).await {
        Ok(Ok(_)) => return true,
        Ok(Err(error)) => error.to_string(),
        Err(elapsed) => elapsed.to_string(),
    };
    let index = keys.keys().map(String::as_str).collect::<Vec<_>>().join(",");
    tracing::warn!(collection = collection.name(), index, error, "index not created, retrying later");
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_created_once() {
        let indexes = Indexes::default();

        assert_eq!([indexes.claim(), indexes.claim(), indexes.clone().claim()], [true, false, false]);
    }

    #[test]
    fn indexes_are_created_again_after_a_pause() {
        let indexes = Indexes::default();

        indexes.set_state(State::Failed(Instant::now() + RETRY_AFTER));
        let early = indexes.claim();
        indexes.set_state(State::Failed(Instant::now()));

        assert_eq!([early, indexes.claim(), indexes.claim()], [false, true, false]);
    }
}
