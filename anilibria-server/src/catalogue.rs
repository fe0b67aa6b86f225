//! The mirrored catalogue: what lists are answered from once it is loaded.

mod changes;
mod disk;
mod status;
mod store;
mod sync;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anilibria_client::{
    Client,
    reflector::{Catalogue, Reflector},
};
use tracing::{info, warn};

use self::changes::Changes;
pub use self::{disk::DiskCatalogue, status::CatalogueStatus, store::CatalogueStore, sync::SyncTask};

/// How the catalogue is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MirrorOptions {
    /// Time between two looks for what has changed.
    pub interval: Duration,
    /// Whether AniLibria is asked four times a second at most, as the public service should be.
    pub paced: bool,
}

/// The catalogue in memory and where it outlives the process. Cheap to clone.
#[derive(Clone)]
pub struct Mirror {
    shared: Arc<Shared>,
}

struct Shared {
    reflector: Reflector,
    store: Option<Arc<dyn CatalogueStore>>,
    interval: Duration,
    status: Mutex<CatalogueStatus>,
}

impl Mirror {
    /// A mirror of what `client` gives, beginning with what `store` holds. It asks for nothing before [`SyncTask`] does.
    ///
    /// A store that cannot be read is no error: everything is read anew.
    pub async fn open(
        client: &Client,
        store: Option<Arc<dyn CatalogueStore>>,
        MirrorOptions { interval, paced }: MirrorOptions,
    ) -> Self {
        let kept = match &store {
            Some(store) => kept(store.as_ref()).await,
            None => Catalogue::default(),
        };
        let mut reflector = client.reflector().catalogue(kept);
        if !paced {
            reflector = reflector.unpaced();
        }
        let reflector = reflector.build();
        let status = Mutex::new(CatalogueStatus::new(reflector.catalogue().len()));
        Self { shared: Arc::new(Shared { reflector, store, interval, status }) }
    }

    /// The catalogue as it is now; `None` before it is loaded.
    pub fn catalogue(&self) -> Option<Arc<Catalogue>> {
        Some(self.shared.reflector.catalogue()).filter(|catalogue| !catalogue.is_empty())
    }

    /// How the mirror is.
    pub fn status(&self) -> CatalogueStatus {
        self.shared.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads what has changed, or everything, and tells what is different now.
    async fn update(&self, everything: bool) -> anilibria_client::Result<Changes> {
        let reflector = &self.shared.reflector;
        let before = reflector.catalogue();
        let result = if everything { reflector.load().await } else { reflector.refresh().await.map(drop) };
        let after = reflector.catalogue();
        let mut status = self.shared.status.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(()) => {
                status.synced(after.len());
                Ok(Changes::between(&before, &after))
            }
            Err(error) => {
                status.failed(&error);
                Err(error)
            }
        }
    }

    /// Puts the catalogue where it outlives the process. That it could not be is logged: the next change tries again.
    async fn save(&self) {
        if let (Some(store), Some(catalogue)) = (&self.shared.store, self.catalogue())
            && let Err(error) = store.write(catalogue).await
        {
            warn!(%error, "The catalogue could not be saved");
        }
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").field("status", &self.status()).finish_non_exhaustive()
    }
}

async fn kept(store: &dyn CatalogueStore) -> Catalogue {
    match store.read().await {
        Ok(Some(catalogue)) => {
            info!(
                releases = catalogue.len(),
                "The catalogue of the last run is served until there is a newer one"
            );
            catalogue
        }
        Ok(None) => Catalogue::default(),
        Err(error) => {
            warn!(%error, "The saved catalogue cannot be read; everything is read anew");
            Catalogue::default()
        }
    }
}
