//! The indexes of the collection of titles. Most serve the site; none is required for writing.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mongodb::{
    Collection, IndexModel,
    bson::{Document, RawDocumentBuf, doc},
    options::IndexOptions,
};
use tokio::time::timeout;
use tracing::warn;

/// Timeout of creating one index.
const CREATE_TIMEOUT: Duration = Duration::from_secs(30);

/// Indexes of the collection. They are created once; clones share the state.
#[derive(Clone, Debug, Default)]
pub(super) struct Indexes {
    are_requested: Arc<AtomicBool>,
}

impl Indexes {
    /// Creates the indexes of `titles`, unless an earlier call did. An index that the server rejects is logged and skipped: some
    /// compatible servers do not support text indexes.
    pub(super) async fn ensure(&self, titles: &Collection<RawDocumentBuf>) {
        if self.are_requested.swap(true, Ordering::Relaxed) {
            return;
        }
        for index in all() {
            let keys = index.keys.clone();
            let error = match timeout(CREATE_TIMEOUT, titles.create_index(index).into_future()).await {
                Ok(Ok(_)) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(elapsed) => elapsed.to_string(),
            };
            let index = keys.keys().map(String::as_str).collect::<Vec<_>>().join(",");
            warn!(index, error, "MongoDB index of the titles not created");
        }
    }
}

fn all() -> Vec<IndexModel> {
    let index = |keys: Document| IndexModel::builder().keys(keys).build();
    let unique = IndexOptions::builder().unique(true).build();
    vec![
        IndexModel::builder().keys(doc! { "aniLibriaId": 1 }).options(unique).build(),
        index(doc! { "names.ru": "text", "names.en": "text" }),
        index(doc! { "genres": 1 }),
        index(doc! { "year": 1, "season": 1 }),
        index(doc! { "status": 1 }),
        index(doc! { "lastSynced.anilibria": 1 }),
        index(doc! { "revision": 1 }),
    ]
}
