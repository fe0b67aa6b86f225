//! Titles that another service says have changed.

use std::time::Instant;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{LoadFailure, Titles, from_upstream};
use crate::{
    key,
    model::internal::{SyncReport, SyncSource},
    problem::Problem,
    rendered::{FORM, readable},
    sync_status::Subject,
};

impl Titles {
    /// Sees to it that title `id` is fresh on all levels of the cache. What is fresh is kept, unless by `force`; what is
    /// loaded anew puts an end to all it appears in.
    pub async fn sync(&self, id: u32, force: bool) -> Result<SyncReport, Problem> {
        let report = self.see_to(id, force).await;
        if let Some(status) = &self.status {
            let outcome =
                report.as_ref().map(|report| report.episodes_count as u64).map_err(ToString::to_string);
            status.note_later(Subject::Title(id), outcome);
        }
        report
    }

    async fn see_to(&self, id: u32, force: bool) -> Result<SyncReport, Problem> {
        let begin = Instant::now();
        let kept = if force { None } else { self.fresh(id).await };
        let source = if kept.is_some() { SyncSource::Cache } else { SyncSource::Anilibria };
        let title = match kept {
            Some(title) => title,
            None => self.renew(id).await?,
        };
        Ok(SyncReport {
            title_id: id,
            synced: source == SyncSource::Anilibria,
            source,
            episodes_count: episodes(&title)?,
            duration_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// Title `id` as it is rendered, if a level has it and it is fresh.
    async fn fresh(&self, id: u32) -> Option<Bytes> {
        let cached = self.cache.peek(&key::title(id)).await?;
        let is_ours = cached.entry().validator() == Some(FORM) && !cached.is_absent();
        is_ours.then(|| cached.into_value())
    }

    /// Loads title `id` whatever the cache has.
    async fn renew(&self, id: u32) -> Result<Bytes, Problem> {
        let title = from_upstream::title_now(&self.client, id).await.map_err(LoadFailure::from)?;
        // First what is old, or it would be the new one that ends.
        self.changed(id).await;
        let kept = from_upstream::keep_title(id, title.clone());
        self.cache.set(&key::title(id), kept.validator(FORM)).await;
        title.ok_or_else(|| Problem::title_not_found(id))
    }
}

/// How many episodes there are in `title`, as [`crate::rendered::render`] made it.
fn episodes(title: &[u8]) -> Result<usize, Problem> {
    let title: Answer = serde_json::from_slice(&readable(title)).map_err(Problem::internal)?;
    Ok(title.data.player.episodes.len())
}

#[derive(Deserialize)]
struct Answer {
    data: Title,
}

#[derive(Deserialize)]
struct Title {
    player: Player,
}

#[derive(Deserialize)]
struct Player {
    episodes: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::Example as _;

    use super::*;
    use crate::{model::title::Title, rendered::render};

    #[test]
    fn episodes_of_a_rendered_title_are_counted() {
        let title = Title::example();

        assert_eq!(episodes(&render(&title, None)).unwrap(), title.player.episodes.len());
        assert!(episodes(b"nonsense").is_err());
    }
}
