//! The spans in which a watcher looks.

use std::{fmt, sync::Arc};

use tracing::Span;

/// Makes a span for each look; none unless somebody wants them.
#[derive(Clone, Default)]
pub(super) struct Spans(Option<Arc<dyn Fn() -> Span + Send + Sync>>);

impl Spans {
    pub(super) fn new(begin: impl Fn() -> Span + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(begin)))
    }

    /// The span of a look that begins now.
    pub(super) fn begin(&self) -> Span {
        self.0.as_ref().map_or_else(Span::none, |begin| begin())
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spans").field(&self.0.is_some()).finish()
    }
}
