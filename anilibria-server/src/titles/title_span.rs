//! The span of a read of one title.

use anilibria_http::{
    envelope::{CacheLevel, One},
    problem::Problem,
    rendered::Rendered,
};
use tracing::{
    Span, debug_span,
    field::{self, Empty},
};

use super::title_sync::episodes;
use crate::titles::model::title::Title;

/// Span of a read of one title.
pub(super) struct TitleSpan(Span);

impl TitleSpan {
    /// Creates the span for title `id`.
    pub(super) fn new(id: u32) -> Self {
        let span = debug_span!(
            "get_title",
            title_id = id,
            cache.source = Empty,
            title.episodes_count = Empty,
            otel.status_code = Empty,
            error = Empty,
            error.message = Empty,
        );
        Self(span)
    }

    /// Returns the span.
    pub(super) fn span(&self) -> Span {
        self.0.clone()
    }

    /// Records the outcome of the read.
    pub(super) fn record(self, title: &Result<Rendered<One<Title>>, Problem>) {
        // Counting the episodes takes longer than the read itself, so only traced requests do it.
        if self.0.is_disabled() {
            return;
        }
        match title {
            Ok(title) => {
                if let Some(level) = title.meta().cache_level {
                    self.0.record("cache.source", CacheLevel::as_str(level));
                }
                if let Ok(episodes) = episodes(title.shared()) {
                    self.0.record("title.episodes_count", episodes.len());
                }
            }
            Err(problem) => {
                self.0.record("error", true);
                self.0.record("error.message", field::display(problem));
                // A title that does not exist is not an error of the service.
                if problem.status().is_server_error() {
                    self.0.record("otel.status_code", "ERROR");
                }
            }
        }
    }
}
