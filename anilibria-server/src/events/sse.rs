//! Server-sent events, for clients that only receive.

use std::{collections::VecDeque, io, net::IpAddr, time::Duration};

use anilibria_http::{problem::Problem, websocket::slots::Slot};
use bytes::Bytes;
use futures::stream;
use poem::{
    Body, IntoResponse, Response,
    http::{HeaderName, HeaderValue, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
};
use serde_json::{Value, json};
use tokio::{sync::watch, time::sleep};

use super::{
    Realtime,
    event::{Event, EventId},
    hub::{Channel, Delivery, Listener},
};
use crate::titles::change::EventKind;

/// Interval of keep-alive comments. They prevent that proxies or clients close an idle connection.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// Delay before clients reconnect, in milliseconds.
const RETRY_MS: u32 = 3000;

/// Example of an event for the API description.
const EXAMPLE: &str = r#"event: status_change
id: 1700000000000-0000
data: {"title_id":9000,"old_status":"announced","new_status":"ongoing","timestamp":"2023-11-14T22:13:20Z","event_id":"1700000000000-0000"}

"#;

/// Keep-alive comment.
const KEEP_ALIVE: &[u8] = b":\n\n";

/// Header that disables buffering of the stream in a proxy.
const NO_BUFFERING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// One client's stream of events, as a response.
#[derive(Debug)]
pub struct EventStream {
    listener: Listener,
    /// Messages to send before the events of `listener`.
    queued: VecDeque<Bytes>,
    stopping: watch::Receiver<bool>,
    slot: Slot,
}

impl EventStream {
    /// Opens a stream of the events of `titles` and of `kinds`, or of all public events if both are empty. The stream begins
    /// after `last`, or with the next event. The stream occupies one slot of `client`; `None` is a client without an individual
    /// limit.
    ///
    /// # Errors
    ///
    /// No slot is free, or `titles` has more than [`MAX_TITLES`](super::subscriptions::MAX_TITLES) ids.
    pub fn open(
        realtime: &Realtime,
        client: Option<IpAddr>,
        titles: &[u32],
        kinds: &[EventKind],
        last: Option<EventId>,
    ) -> Result<Self, Problem> {
        let slot = realtime.live().try_acquire(client)?;
        let mut listener = realtime.hub().listen(Channel::Sse);
        listener
            .update(|subscriptions| {
                let all = EventKind::ALL.into_iter().filter(|kind| kind.is_public());
                if titles.is_empty() && kinds.is_empty() {
                    subscriptions.select(all);
                } else {
                    subscriptions.select(kinds.iter().copied());
                }
                titles.iter().try_for_each(|title| subscriptions.follow(*title).map(drop))
            })
            .map_err(|error| Problem::invalid("title_id", error.to_string()))?;
        let mut queued = VecDeque::from([preamble(last.unwrap_or_else(|| listener.last_event_id()))]);
        if let Some(last) = last {
            let replay = listener.replay(last);
            queued.extend(replay.events.iter().map(event_message));
            let resumed = json!({"replayed": replay.events.len(), "complete": replay.complete});
            queued.push_back(message("resumed", &resumed));
        }
        Ok(Self { listener, queued, stopping: realtime.live().stopping(), slot })
    }

    /// Waits for the next message; `None` when the service stops or another client takes the slot.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(chunk) = self.queued.pop_front() {
            return Some(chunk);
        }
        tokio::select! {
            delivery = self.listener.next() => Some(match delivery {
                Delivery::Event(event) => event_message(&event),
                Delivery::Lagged { missed, last } => {
                    let last = last.map(|last| last.to_string());
                    message("lagged", &json!({"missed": missed, "last_event_id": last}))
                }
            }),
            () = sleep(KEEP_ALIVE_INTERVAL) => Some(Bytes::from_static(KEEP_ALIVE)),
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
            () = self.slot.evicted() => None,
        }
    }
}

/// Renders the start of the stream. Clients store the id: a client that disconnects before the first event resumes after
/// `position`.
fn preamble(position: EventId) -> Bytes {
    format!("retry: {RETRY_MS}\nid: {position}\n\n").into()
}

/// Renders an event. The JSON has no line breaks, so it fits one `data` line.
fn event_message(event: &Event) -> Bytes {
    format!("event: {}\nid: {}\ndata: {}\n\n", event.kind(), event.id(), event.data()).into()
}

/// Renders a message other than an event.
fn message(kind: &str, data: &Value) -> Bytes {
    format!("event: {kind}\ndata: {data}\n\n").into()
}

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        let chunks = stream::unfold(self, async |mut stream| {
            let chunk = stream.next().await?;
            Some((Ok::<_, io::Error>(chunk), stream))
        });
        let (no_buffering, no) = NO_BUFFERING;
        Response::builder()
            .header(header::CONTENT_TYPE, "text/event-stream")
            .header(header::CACHE_CONTROL, "no-store")
            .header(no_buffering, no)
            .body(Body::from_bytes_stream(chunks))
    }
}

impl ApiResponse for EventStream {
    fn meta() -> MetaResponses {
        let schema = MetaSchema { example: Some(EXAMPLE.into()), ..MetaSchema::new("string") };
        let schema = MetaSchemaRef::Inline(Box::new(schema));
        MetaResponses {
            responses: vec![MetaResponse {
                description: "A stream of events, which does not end.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType { content_type: "text/event-stream", schema }],
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::event::tests::event;

    #[test]
    fn event_is_rendered_in_the_format_of_the_standard() {
        let event = event(7, 9000);

        let text = String::from_utf8(event_message(&event).to_vec()).unwrap();

        let lines: Vec<_> = text.split('\n').collect();
        let data = format!("data: {}", event.data());
        assert_eq!(lines, ["event: status_change", "id: 1700000000000-0007", &data, "", ""]);
    }
}
