//! The service behind the routes of v3.

use std::sync::Arc;

use anilibria_cache::Loaded;
use anilibria_client::reflector::Catalogue;

use super::{answer::Answer, sessions::Sessions};
use crate::{
    catalogue::Mirror,
    config::V3Config,
    problem::Problem,
    titles::{LoadFailure, Titles},
};

/// Answers what clients of v3 ask, through the same cache as the other versions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gateway {
    pub(super) titles: Titles,
    pub(super) sessions: Sessions,
    pub(super) config: V3Config,
}

impl Gateway {
    /// Answers with what `titles` reads from and keeps; whoever has logged in is known to `sessions`.
    pub fn new(titles: Titles, sessions: Sessions, config: V3Config) -> Self {
        Self { titles, sessions, config }
    }

    /// What is cached under `key`, or else what `load` brings, for lists and all that is no title.
    pub(super) async fn cached<F>(
        &self,
        key: &str,
        load: impl FnOnce(Titles) -> F + Clone + Send + 'static,
    ) -> Result<Answer, LoadFailure>
    where
        F: Future<Output = Result<Loaded, LoadFailure>> + Send + 'static,
    {
        Ok(Answer::cached(self.titles.cached(self.titles.of_lists(), key, load).await?))
    }

    /// An answer for one request only.
    pub(super) fn once<T: serde::Serialize + ?Sized>(data: &T) -> Result<Answer, Problem> {
        super::answer::render(data).map(Answer::once).map_err(Problem::internal)
    }
}

/// The mirrored catalogue, if it is loaded.
pub(super) fn catalogue(titles: &Titles) -> Option<Arc<Catalogue>> {
    titles.mirror().and_then(Mirror::catalogue)
}
