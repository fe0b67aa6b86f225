//! Titles that another service says have changed.

use std::time::Instant;

use anilibria_client::model::{Episode, Release};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};
use tracing::{debug, info, warn};

use super::{LoadFailure, Titles, from_upstream};
use crate::{
    key,
    model::{
        episode::EpisodeNumber,
        internal::{SyncReport, SyncSource},
    },
    problem::Problem,
    realtime::notice::Notice,
    rendered::{FORM, readable},
    sync_status::Subject,
    telemetry::counts,
};

/// What the log calls it.
const ACTION: &str = "sync_title";

impl Titles {
    /// Sees to it that title `id` is fresh on all levels of the cache. What is fresh is kept, unless by `force`; what is
    /// loaded anew puts an end to all it appears in.
    pub async fn sync(&self, id: u32, force: bool) -> Result<Synced, Problem> {
        info!(title_id = id, action = ACTION, "Title sync started");
        let synced = self.see_to(id, force).await;
        match &synced {
            Ok(Synced { report, .. }) => {
                let (episodes_count, duration_ms) = (report.episodes_count, report.duration_ms);
                if report.synced {
                    counts::titles_synced(1);
                }
                info!(
                    title_id = id,
                    action = ACTION,
                    episodes_count,
                    duration_ms,
                    "Title sync completed successfully"
                );
            }
            Err(problem) => {
                counts::error("title_sync", problem.code().to_string());
                warn!(
                    title_id = id,
                    action = ACTION,
                    error = %problem,
                    error_type = %problem.code(),
                    "Title sync failed"
                );
            }
        }
        if let Some(status) = &self.status {
            let outcome = synced.as_ref().map(|synced| synced.report.episodes_count as u64);
            status.note_later(Subject::Title(id), outcome.map_err(ToString::to_string));
        }
        synced
    }

    async fn see_to(&self, id: u32, force: bool) -> Result<Synced, Problem> {
        let begin = Instant::now();
        let kept = self.fresh(id).await;
        let (source, title, news) = match kept {
            Some(title) if !force => (SyncSource::Cache, title, Vec::new()),
            kept => {
                let (title, news) = self.renew(id, kept).await?;
                (SyncSource::Anilibria, title, news)
            }
        };
        let report = SyncReport {
            title_id: id,
            synced: source == SyncSource::Anilibria,
            source,
            episodes_count: episodes(&title)?.len(),
            duration_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        Ok(Synced { report, news })
    }

    /// Title `id` as it is rendered, if a level has it and it is fresh.
    async fn fresh(&self, id: u32) -> Option<Bytes> {
        let cached = self.cache.peek(&key::title(id)).await?;
        let is_ours = cached.entry().validator() == Some(FORM) && !cached.is_absent();
        is_ours.then(|| cached.into_value())
    }

    /// Loads title `id` whatever the cache has; also tells what is new to it since it was as `before`.
    async fn renew(&self, id: u32, before: Option<Bytes>) -> Result<(Bytes, Vec<Notice>), Problem> {
        debug!(title_id = id, "Fetching title from AniLibria API");
        let release = from_upstream::release_now(&self.client, id).await.map_err(LoadFailure::from)?;
        let title = release.as_ref().map(|release| from_upstream::rendered(&self.client, release));
        // First what is old, or it would be the new one that ends.
        self.changed(id).await;
        let kept = from_upstream::keep_title(id, title.clone());
        self.cache.set(&key::title(id), kept.validator(FORM)).await;
        let (Some(title), Some(release)) = (title, release) else { return Err(Problem::title_not_found(id)) };
        let news = match before {
            Some(before) => self.news(&episodes(&before)?, &release),
            None => Vec::new(),
        };
        Ok((title, news))
    }

    /// The episodes of `release` that are not among those from `before`. Where there were none, it may just be that they
    /// were not known.
    fn news(&self, before: &Map<String, Value>, release: &Release) -> Vec<Notice> {
        if before.is_empty() {
            return Vec::new();
        }
        let known =
            |episode: &Episode| before.contains_key(&EpisodeNumber::from(episode.ordinal.get()).to_string());
        let new = release.episodes.iter().flatten().filter(|episode| !known(episode));
        new.map(|episode| Notice::new_episode(&self.client, release, episode)).collect()
    }
}

/// What has become of a title that was to be fresh.
#[derive(Clone, Debug)]
pub struct Synced {
    /// What was done about it.
    pub report: SyncReport,
    /// Episodes that have come out since it was loaded before.
    pub news: Vec<Notice>,
}

/// The episodes in `title`, as [`crate::rendered::render`] made it, by their numbers.
pub(super) fn episodes(title: &[u8]) -> Result<Map<String, Value>, Problem> {
    let title: Answer = serde_json::from_slice(&readable(title)).map_err(Problem::internal)?;
    Ok(title.data.player.episodes)
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

        assert_eq!(episodes(&render(&title, None)).unwrap().len(), title.player.episodes.len());
        assert!(episodes(b"nonsense").is_err());
    }
}
