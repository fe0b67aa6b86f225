//! Spans of the polls of a watcher.

use std::{fmt, sync::Arc};

use tracing::Span;

/// Creates a span for each poll. Creates none by default.
#[derive(Clone, Default)]
pub(super) struct Spans(Option<Arc<dyn Fn() -> Span + Send + Sync>>);

impl Spans {
    pub(super) fn new(begin: impl Fn() -> Span + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(begin)))
    }

    /// Returns the span of a poll that begins now.
    pub(super) fn begin(&self) -> Span {
        self.0.as_ref().map_or_else(Span::none, |begin| begin())
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spans").field(&self.0.is_some()).finish()
    }
}
