//! The trace span of publishing an event on the bus.

use anilibria_http::trace::TraceContext;
use tracing::{Instrument as _, debug_span, field::Empty};

use super::{DESTINATION, Published};
use crate::titles::notice::Notice;

/// Runs `work`, which publishes `notice` on a bus of the kind `system`, in a span of the current trace, if there is one. The
/// span becomes the origin of the event.
pub(super) async fn publishing<F>(
    notice: &Notice,
    system: &'static str,
    work: impl FnOnce(Option<TraceContext>) -> F,
) -> anyhow::Result<Published>
where
    F: Future<Output = anyhow::Result<Published>>,
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
        event_type = %notice.kind(),
        title_id = notice.title_id(),
        error = Empty,
        error.message = Empty,
    );
    let published = work(TraceContext::of(&span)).instrument(span.clone()).await;
    match &published {
        Ok(Published::New(id)) => {
            span.record("messaging.message.id", tracing::field::display(id));
            span.record("event_id", tracing::field::display(id));
        }
        // No event was published, so the span has no id to record.
        Ok(Published::Known | Published::Outdated) => {}
        Err(error) => {
            span.record("otel.status_code", "ERROR");
            span.record("error", true);
            span.record("error.message", tracing::field::display(error));
        }
    }
    published
}
