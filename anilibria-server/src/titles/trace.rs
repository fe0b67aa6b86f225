//! What a trace shows of the search for a title.

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

/// The span in which a title is looked for.
pub(super) struct TitleTrace {
    span: Span,
}

impl TitleTrace {
    /// The span for title `id`.
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

    /// Notes what was found.
    pub(super) fn note(self, title: &Result<Rendered<One<Title>>, Problem>) {
        // Few are traced, and to count the episodes takes longer than to find the title.
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
                // That there is no such title is an answer.
                if problem.status().is_server_error() {
                    self.span.record("otel.status_code", "ERROR");
                }
            }
        }
    }
}
