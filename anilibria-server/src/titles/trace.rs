//! The trace span of looking up a title.

use anilibria_http::{
    envelope::{CacheLevel, One},
    problem::Problem,
    rendered::Rendered,
};
use tracing::{
    Span, debug_span,
    field::{self, Empty},
};

use super::sync::episodes;
use crate::titles::model::title::Title;

/// Span of looking up a title.
pub(super) struct TitleTrace {
    span: Span,
}

impl TitleTrace {
    /// Creates the span for title `id`.
    pub(super) fn of(id: u32) -> Self {
        let span = debug_span!(
            "get_title",
            title_id = id,
            cache.source = Empty,
            title.episodes_count = Empty,
            otel.status_code = Empty,
            error = Empty,
            error.message = Empty,
        );
        Self { span }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Records the outcome.
    pub(super) fn note(self, title: &Result<Rendered<One<Title>>, Problem>) {
        // Counting the episodes takes longer than the lookup, so it is done only for traced requests.
        if self.span.is_disabled() {
            return;
        }
        match title {
            Ok(title) => {
                if let Some(level) = title.meta().cache_level {
                    self.span.record("cache.source", CacheLevel::as_str(level));
                }
                if let Ok(episodes) = episodes(title.shared()) {
                    self.span.record("title.episodes_count", episodes.len());
                }
            }
            Err(problem) => {
                self.span.record("error", true);
                self.span.record("error.message", field::display(problem));
                // "Not found" is a valid answer, not an error of the service.
                if problem.status().is_server_error() {
                    self.span.record("otel.status_code", "ERROR");
                }
            }
        }
    }
}
