//! Synchronisation of titles that another service reports as changed.

use std::{error::Error as StdError, time::Instant};

use anilibria_client::model::{Episode, Release};
use anilibria_http::{LoadFailure, metrics::count_error, problem::Problem, rendered::to_json};
use bytes::Bytes;
use poem_openapi::types::ParseFromJSON as _;
use serde::Deserialize;
use serde_json::{Map, Value};
use tracing::{debug, info, warn};

use super::{Titles, facts, form, from_upstream};
use crate::titles::{
    change::{TitleChange, version},
    key, metrics,
    model::{
        episode::EpisodeNumber,
        sync::{SyncReport, SyncSource},
        title::TitleStatus,
    },
    sync_status::Subject,
};

/// Name of the action in the log.
const ACTION: &str = "sync_title";

impl Titles {
    /// Ensures that title `id` is fresh on all levels of the cache. A fresh title is kept, unless `force` is true. If the
    /// title is loaded again, all answers that contain it expire.
    pub async fn sync(&self, id: u32, force: bool) -> Result<Synced, Problem> {
        info!(title_id = id, action = ACTION, "Title sync started");
        let synced = self.see_to(id, force).await;
        match &synced {
            Ok(Synced { report, .. }) => {
                let (episodes_count, duration_ms) = (report.episodes_count, report.duration_ms);
                if report.synced {
                    metrics::synced(1);
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
                count_error("title_sync", problem.code().to_string());
                warn!(
                    title_id = id,
                    action = ACTION,
                    error = problem as &dyn StdError,
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
            episodes_count: read(&title)?.episodes.len(),
            duration_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        Ok(Synced { report, news })
    }

    /// Returns title `id` as rendered, if a cache level has a fresh value.
    async fn fresh(&self, id: u32) -> Option<Bytes> {
        let cached = self.cache.peek(&key::title(id)).await?;
        let is_ours = cached.entry().validator() == Some(form()) && !cached.is_absent();
        is_ours.then(|| cached.into_value())
    }

    /// Loads title `id` regardless of the cache. Also returns the changes against `before`.
    async fn renew(&self, id: u32, before: Option<Bytes>) -> Result<(Bytes, Vec<TitleChange>), Problem> {
        debug!(title_id = id, "Fetching title from AniLibria API");
        let release = from_upstream::release_now(&self.client, id).await.map_err(LoadFailure::from)?;
        let title = release.as_ref().map(|release| from_upstream::rendered(&self.client, release));
        // Old answers expire first; otherwise the new value would expire with them.
        self.changed(id).await;
        let kept = from_upstream::keep_title(id, title.clone());
        self.cache.set(&key::title(id), kept.validator(form())).await;
        let (Some(title), Some(release)) = (title, release) else { return Err(Problem::title_not_found(id)) };
        let news = match before {
            Some(before) => self.news(&read(&before)?, read(&title)?, &release),
            None => Vec::new(),
        };
        Ok((title, news))
    }

    /// Returns the changes from `before` to `after`, which is the state of `release`.
    fn news(&self, before: &Known, after: Known, release: &Release) -> Vec<TitleChange> {
        let (title_id, version) = (release.id.get(), version(release.updated_at));
        let is_new = |episode: &&Episode| {
            let number = EpisodeNumber::from(episode.ordinal.get()).to_string();
            // If there were no episodes before, they may just not have been loaded.
            !before.episodes.is_empty() && !before.episodes.contains_key(&number)
        };
        let episodes = release.episodes.iter().flatten().filter(is_new);
        let episodes = episodes.map(|episode| TitleChange::new_episode(&self.client, release, episode));
        let (old, new) = (before.status, after.status);
        let status = (old != new).then_some(TitleChange::StatusChange { title_id, old, new, version });
        let is_updated = before.facts != after.facts;
        let updated =
            is_updated.then_some(TitleChange::TitleUpdated { title_id, content: after.facts, version });
        episodes.chain(status).chain(updated).collect()
    }
}

/// Outcome of the synchronisation of a title.
#[derive(Clone, Debug)]
pub struct Synced {
    /// Report for the caller.
    pub report: SyncReport,
    /// Changes since the title was loaded before: published episodes, another status, other fields.
    pub news: Vec<TitleChange>,
}

/// Known state of a title.
struct Known {
    /// Episodes by number.
    episodes: Map<String, Value>,
    status: TitleStatus,
    /// Digest of the other fields.
    facts: String,
}

/// Parses `title`, as [`anilibria_http::rendered::render`] wrote it.
fn read(title: &[u8]) -> Result<Known, Problem> {
    let Answer { data } = serde_json::from_slice(&to_json(title)).map_err(Problem::internal)?;
    let Parts { player, status } = Parts::deserialize(&data).map_err(Problem::internal)?;
    let status = TitleStatus::parse_from_json(Some(status));
    let status = status.map_err(|error| Problem::internal(anyhow::Error::msg(error.into_message())))?;
    Ok(Known { episodes: player.episodes, status, facts: facts::of_rendered(data) })
}

/// Returns the episodes of `title` by number, as [`anilibria_http::rendered::render`] wrote it.
pub(super) fn episodes(title: &[u8]) -> Result<Map<String, Value>, Problem> {
    read(title).map(|known| known.episodes)
}

#[derive(Deserialize)]
struct Answer {
    data: Value,
}

#[derive(Deserialize)]
struct Parts {
    player: Player,
    status: Value,
}

#[derive(Deserialize)]
struct Player {
    episodes: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use anilibria_http::rendered::render;
    use poem_openapi::types::Example as _;

    use super::*;
    use crate::titles::model::title::Title;

    #[test]
    fn rendered_title_is_read() {
        let title = Title::example();

        let known = read(&render(&title, None)).unwrap();

        assert_eq!(known.episodes.len(), title.player.episodes.len());
        assert_eq!((known.status, known.facts), (title.status, facts::of(&title)));
        assert!(read(b"nonsense").is_err());
    }
}
