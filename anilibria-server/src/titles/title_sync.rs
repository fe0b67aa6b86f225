//! Synchronisation of single titles, at the request of another service.

use std::{error::Error as StdError, time::Instant};

use anilibria_client::model::{Episode, Release};
use anilibria_http::{LoadFailure, metrics::count_error, problem::Problem, rendered::to_json};
use bytes::Bytes;
use poem_openapi::types::ParseFromJSON as _;
use serde::Deserialize;
use serde_json::{Map, Value};
use tracing::{debug, info, warn};

use super::{Titles, content_digest, format_version, from_upstream};
use crate::titles::{
    change::{TitleChange, version},
    key, metrics,
    model::{
        episode::EpisodeNumber,
        sync_report::{SyncReport, SyncSource},
        title::TitleStatus,
    },
    sync_status::SyncTarget,
};

/// Name of the action in the log.
const ACTION: &str = "sync_title";

impl Titles {
    /// Ensures that title `id` is fresh on all levels of the cache. The title is loaded from AniLibria if it is not fresh, or if
    /// `force` is true. All cached values that contain a loaded title expire.
    pub async fn sync(&self, id: u32, force: bool) -> Result<SyncOutcome, Problem> {
        info!(title_id = id, action = ACTION, "Title sync started");
        let outcome = self.load_unless_fresh(id, force).await;
        match &outcome {
            Ok(SyncOutcome { report, .. }) => {
                let (episodes_count, duration_ms) = (report.episodes_count, report.duration_ms);
                if report.synced {
                    metrics::count_synced(1);
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
            let episodes = outcome.as_ref().map(|outcome| outcome.report.episodes_count as u64);
            status.record_in_background(SyncTarget::Title(id), episodes.map_err(ToString::to_string));
        }
        outcome
    }

    async fn load_unless_fresh(&self, id: u32, force: bool) -> Result<SyncOutcome, Problem> {
        let begin = Instant::now();
        let cached = self.fresh(id).await;
        let (source, title, changes) = match cached {
            Some(title) if !force => (SyncSource::Cache, title, Vec::new()),
            cached => {
                let (title, changes) = self.reload(id, cached).await?;
                (SyncSource::Anilibria, title, changes)
            }
        };
        let report = SyncReport {
            title_id: id,
            synced: source == SyncSource::Anilibria,
            source,
            episodes_count: parse(&title)?.episodes.len(),
            duration_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        Ok(SyncOutcome { report, changes })
    }

    /// Returns the rendered title `id`, if a level of the cache has a fresh value.
    async fn fresh(&self, id: u32) -> Option<Bytes> {
        let cached = self.peek(&key::title(id)).await.filter(|cached| !cached.is_absent())?;
        Some(cached.into_value())
    }

    /// Loads title `id` from AniLibria and stores it in the cache. Returns the title and its changes since `before`.
    async fn reload(&self, id: u32, before: Option<Bytes>) -> Result<(Bytes, Vec<TitleChange>), Problem> {
        debug!(title_id = id, "Fetching title from AniLibria API");
        let release = from_upstream::load_release(&self.client, id).await.map_err(LoadFailure::from)?;
        let title = release.as_ref().map(|release| from_upstream::render_title(&self.client, release));
        // The previous values expire first; otherwise the new value would expire with them.
        self.expire_title(id).await;
        let value = from_upstream::cacheable_title(id, title.clone());
        self.cache.set(&key::title(id), value.validator(format_version())).await;
        let (Some(title), Some(release)) = (title, release) else { return Err(Problem::title_not_found(id)) };
        let changes = match before {
            Some(before) => self.changes(&parse(&before)?, parse(&title)?, &release),
            None => Vec::new(),
        };
        Ok((title, changes))
    }

    /// Returns the changes from `before` to `after`, which is the state of `release`.
    fn changes(&self, before: &TitleState, after: TitleState, release: &Release) -> Vec<TitleChange> {
        let (title_id, version) = (release.id.get(), version(release.updated_at));
        let is_new = |episode: &&Episode| {
            let number = EpisodeNumber::from(episode.ordinal.get()).to_string();
            // A title without episodes may have been loaded without them, so its episodes do not count as new.
            !before.episodes.is_empty() && !before.episodes.contains_key(&number)
        };
        let episodes = release.episodes.iter().flatten().filter(is_new);
        let episodes = episodes.map(|episode| TitleChange::new_episode(&self.client, release, episode));
        let (old, new) = (before.status, after.status);
        let status = (old != new).then_some(TitleChange::StatusChange { title_id, old, new, version });
        let is_updated = before.digest != after.digest;
        let updated =
            is_updated.then_some(TitleChange::TitleUpdated { title_id, content: after.digest, version });
        episodes.chain(status).chain(updated).collect()
    }
}

/// Outcome of the synchronisation of a title.
#[derive(Clone, Debug)]
pub struct SyncOutcome {
    /// Report for the caller.
    pub report: SyncReport,
    /// Changes since the cached title: new episodes, another status, other fields.
    pub changes: Vec<TitleChange>,
}

/// Fields of a rendered title that are compared.
struct TitleState {
    /// Episodes by number.
    episodes: Map<String, Value>,
    status: TitleStatus,
    /// [`content_digest`] of the other fields.
    digest: String,
}

/// Parses a title that [`anilibria_http::rendered::render`] has rendered.
fn parse(title: &[u8]) -> Result<TitleState, Problem> {
    let Envelope { data } = serde_json::from_slice(&to_json(title)).map_err(Problem::internal)?;
    let Fields { player, status } = Fields::deserialize(&data).map_err(Problem::internal)?;
    let status = TitleStatus::parse_from_json(Some(status));
    let status = status.map_err(|error| Problem::internal(anyhow::Error::msg(error.into_message())))?;
    Ok(TitleState { episodes: player.episodes, status, digest: content_digest::of_json(data) })
}

/// Returns the episodes by number of a title that [`anilibria_http::rendered::render`] has rendered.
pub(super) fn episodes(title: &[u8]) -> Result<Map<String, Value>, Problem> {
    parse(title).map(|state| state.episodes)
}

#[derive(Deserialize)]
struct Envelope {
    data: Value,
}

#[derive(Deserialize)]
struct Fields {
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
    fn rendered_title_is_parsed() {
        let title = Title::example();

        let state = parse(&render(&title, None)).unwrap();

        assert_eq!(state.episodes.len(), title.player.episodes.len());
        assert_eq!((state.status, state.digest), (title.status, content_digest::of_title(&title)));
        assert!(parse(b"nonsense").is_err());
    }
}
