//! What a trace shows of an event that is put on the bus.

use anilibria_http::trace::Origin;
use tracing::{Instrument as _, debug_span, field::Empty};

use super::{DESTINATION, Published};
use crate::titles::notice::Notice;

/// Does `work`, which puts `notice` on a bus of the kind `system`, as a step of what is traced here, if anything is: that step
/// is what the event comes from.
pub(super) async fn publishing<F>(
    notice: &Notice,
    system: &'static str,
    work: impl FnOnce(Option<Origin>) -> F,
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
    let published = work(Origin::of(&span)).instrument(span.clone()).await;
    match &published {
        Ok(Published::New(id)) => {
            span.record("messaging.message.id", tracing::field::display(id));
            span.record("event_id", tracing::field::display(id));
        }
        // Nothing comes of it.
        Ok(Published::Known | Published::Outdated) => {}
        Err(error) => {
            span.record("otel.status_code", "ERROR");
            span.record("error", true);
            span.record("error.message", tracing::field::display(error));
        }
    }
    published
}
