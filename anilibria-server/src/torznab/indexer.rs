//! The index of the mirrored catalogue. It is created by the first request, and from then on after each change.

use std::sync::{Arc, Mutex, PoisonError};

use anilibria_client::reflector::Catalog;
use anilibria_http::metrics::count_error;
use anilibria_torznab::{Error, Franchises, Index};
use tokio::sync::watch;
use tracing::error;

use crate::titles::{Titles, catalogue::Mirror};

/// Creates the index, at most once for each change of the catalogue or of the franchises.
pub(super) struct Indexer {
    titles: Titles,
    mirror: Mirror,
    franchises: watch::Sender<Arc<Franchises>>,
    last: Mutex<Option<Built>>,
    /// Held while an index is created.
    building: tokio::sync::Mutex<()>,
}

/// An index, with the franchises that it was created from.
#[derive(Clone)]
struct Built {
    index: Arc<Index>,
    franchises: Arc<Franchises>,
}

impl Built {
    fn is_of(&self, catalogue: &Arc<Catalog>, franchises: &Arc<Franchises>) -> bool {
        Arc::ptr_eq(self.index.catalog(), catalogue) && Arc::ptr_eq(&self.franchises, franchises)
    }
}

impl Indexer {
    /// Creates an indexer of the catalogue of `mirror`, without franchises.
    pub(super) fn new(titles: &Titles, mirror: Mirror) -> Self {
        Self {
            titles: titles.clone(),
            mirror,
            franchises: watch::Sender::default(),
            last: Mutex::default(),
            building: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the titles that the index is about.
    pub(super) fn titles(&self) -> &Titles {
        &self.titles
    }

    /// Returns the mirrored catalogue.
    pub(super) fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Replaces the franchises.
    pub(super) fn set_franchises(&self, franchises: Franchises) {
        self.franchises.send_replace(Arc::new(franchises));
    }

    /// Creates the index of the current catalogue, if there was a request for an earlier one.
    pub(super) async fn update(&self) {
        if self.last().is_some() {
            // A failure is logged, and the next request repeats the attempt.
            let _ = self.index().await;
        }
    }

    /// Returns the index of the current catalogue, or the previous one while another task creates it. The first requests wait
    /// for the same index.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] before the catalogue is loaded.
    pub(super) async fn index(&self) -> Result<Arc<Index>, Error> {
        let catalogue = self.mirror.catalogue().ok_or(Error::Unavailable)?;
        let franchises = Arc::clone(&self.franchises.borrow());
        let last = self.last();
        if let Some(built) = &last
            && built.is_of(&catalogue, &franchises)
        {
            return Ok(Arc::clone(&built.index));
        }
        let _turn = match (self.building.try_lock(), last) {
            (Ok(turn), _) => turn,
            (Err(_), Some(previous)) => return Ok(previous.index),
            (Err(_), None) => self.building.lock().await,
        };
        // Another request may have created it while this one waited.
        if let Some(built) = self.last()
            && built.is_of(&catalogue, &franchises)
        {
            return Ok(built.index);
        }
        self.build(catalogue, franchises).await
    }

    async fn build(&self, catalogue: Arc<Catalog>, franchises: Arc<Franchises>) -> Result<Arc<Index>, Error> {
        let (client, used) = (self.titles.client().clone(), Arc::clone(&franchises));
        // Rendering takes up to a second, which would delay other requests on this thread.
        let built = tokio::task::spawn_blocking(move || Index::new(catalogue, &used, &client)).await;
        let index = Arc::new(built.map_err(|error| {
            count_error("torznab", "index");
            error!(%error, "torrents not indexed");
            Error::Unavailable
        })?);
        let built = Built { index: Arc::clone(&index), franchises };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(built);
        Ok(index)
    }

    fn last(&self) -> Option<Built> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
