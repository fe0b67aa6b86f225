//! The indexes of the collection: made once, in the background.

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

/// How long after a failure the indexes are tried again.
const RETRY_AFTER: Duration = Duration::from_mins(5);

/// How long the server may take to make them; a large collection takes its time.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether the indexes are there. Clones are the same knowledge.
#[derive(Clone, Default)]
pub(super) struct Indexes(Arc<Mutex<State>>);

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Wanted,
    /// Tried in vain; wanted again then.
    Failed(Instant),
    /// Being made, or there.
    Settled,
}

impl Indexes {
    /// Begins to make the indexes of `collection`, unless they are there, in the making, or failed a moment ago.
    ///
    /// The store works without them: a tag is then looked for in every document, and what has expired reads as absent
    /// but stays until it is removed.
    pub(super) fn ensure(&self, collection: &Collection<RawDocumentBuf>) {
        if !self.claim() {
            return;
        }

        let (indexes, collection) = (self.clone(), collection.clone());
        tokio::spawn(async move {
            // One by one: a server that knows no expiry still takes the other.
            let tags = make(&collection, tags()).await;
            let expiry = make(&collection, expiry()).await;
            if !(tags && expiry) {
                indexes.put(State::Failed(Instant::now() + RETRY_AFTER));
            }
        });
    }

    /// Whether it falls to the caller to make them.
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

    fn put(&self, state: State) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// Lets entries be found by tag.
fn tags() -> IndexModel {
    IndexModel::builder().keys(doc! { TAGS.as_str(): 1 }).build()
}

/// Lets the server drop what has expired; only entries, whatever others may mean by a field of that name.
fn expiry() -> IndexModel {
    let options = IndexOptions::builder()
        .expire_after(Duration::ZERO)
        .partial_filter_expression(doc! { ENTRY.as_str(): { "$exists": true } })
        .build();
    IndexModel::builder().keys(doc! { EXPIRES_AT.as_str(): 1 }).options(options).build()
}

/// Makes `index`, which does nothing when it is there; says whether it is.
async fn make(collection: &Collection<RawDocumentBuf>, index: IndexModel) -> bool {
    let keys = index.keys.clone();
    let error = match timeout(PATIENCE, collection.create_index(index)).await {
        Ok(Ok(_)) => return true,
        Ok(Err(error)) => error.to_string(),
        Err(elapsed) => elapsed.to_string(),
    };
    tracing::warn!(collection = collection.name(), index = %keys, error, "no index; trying again later");
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_made_once_and_by_one() {
        let indexes = Indexes::default();

        assert_eq!([indexes.claim(), indexes.claim(), indexes.clone().claim()], [true, false, false]);
    }

    #[test]
    fn after_a_failure_they_are_left_alone_for_a_while() {
        let indexes = Indexes::default();

        indexes.put(State::Failed(Instant::now() + RETRY_AFTER));
        let early = indexes.claim();
        indexes.put(State::Failed(Instant::now()));

        assert_eq!([early, indexes.claim(), indexes.claim()], [false, true, false]);
    }
}
