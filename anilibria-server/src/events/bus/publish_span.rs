//! The trace span of publishing an event on the bus.

use anilibria_http::trace::TraceContext;
use tracing::{Instrument as _, debug_span, field::Empty};

use super::{DESTINATION, PublishOutcome};
use crate::titles::change::TitleChange;

/// Runs `publish`, which publishes `change` on a bus of the kind `system`, in a span of the current trace. The span becomes the
/// origin of the event. Without a current trace, `publish` receives no origin.
pub(super) async fn in_publish_span<F>(
    change: &TitleChange,
    system: &'static str,
    publish: impl FnOnce(Option<TraceContext>) -> F,
) -> anyhow::Result<PublishOutcome>
where
    F: Future<Output = anyhow::Result<PublishOutcome>>,
{
    let span = debug_span!(
        "publish",
        otel.kind = "producer",
        otel.status_code = Empty,
        messaging.system = system,
        messaging.operation.name = "publish",
        messaging.operation.type = "send",
        messaging.destination.name = DESTINATION,
        messaging.message.id = Empty,
        event_id = Empty,
        event_type = %change.kind(),
        title_id = change.title_id(),
        error = Empty,
        error.message = Empty,
    );
    let outcome = publish(TraceContext::of(&span)).instrument(span.clone()).await;
    match &outcome {
        Ok(PublishOutcome::Published(id)) => {
            span.record("messaging.message.id", tracing::field::display(id));
            span.record("event_id", tracing::field::display(id));
        }
        // No event was published, so the span has no id to record.
        Ok(PublishOutcome::Duplicate | PublishOutcome::Fenced) => {}
        Err(error) => {
            span.record("otel.status_code", "ERROR");
            span.record("error", true);
            span.record("error.message", tracing::field::display(error));
        }
    }
    outcome
}
