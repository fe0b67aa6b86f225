//! An event in the form that all receivers get: rendered once and shared.

use std::ops::Range;

use anilibria_cache::coordination::RecordId;
use anilibria_http::trace::TraceContext;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use crate::titles::change::{EventKind, TitleChange};

/// Id of an event. Ids sort in the order of events, also as text.
pub type EventId = RecordId;

/// An event. Cheap to clone: clones share the rendered frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    id: EventId,
    kind: EventKind,
    title_id: u32,
    frame: Utf8Bytes,
    /// Range of `data` within the frame.
    data: Range<usize>,
    origin: Option<TraceContext>,
}

impl Event {
    /// Creates the event `id` from `change`.
    pub fn new(id: EventId, change: &TitleChange) -> Self {
        let mut data = change.data();
        data.insert("event_id".to_owned(), json!(id.to_string()));
        let start = frame_start(change.kind());
        let frame = format!("{start}{}}}", serde_json::Value::Object(data));
        let data = start.len()..frame.len() - 1;
        Self { id, kind: change.kind(), title_id: change.title_id(), frame: frame.into(), data, origin: None }
    }

    /// Sets the trace context in which the event was published, if known. Clients never receive it.
    #[must_use]
    pub fn with_origin(self, origin: Option<TraceContext>) -> Self {
        Self { origin, ..self }
    }

    /// Parses a frame that [`new`](Self::new) rendered for the event `id`; `None` for any other text.
    pub fn parse(id: EventId, frame: Bytes) -> Option<Self> {
        let frame = Utf8Bytes::try_from(frame).ok()?;
        let Frame { kind, data } = serde_json::from_str(&frame).ok()?;
        let kind: EventKind = kind.parse().ok()?;
        let start = frame_start(kind).len();
        // `data` is located by position, so a frame in any other format is rejected.
        let is_own_format =
            frame.starts_with(&frame_start(kind)) && frame.ends_with("}}") && data.event_id == id.to_string();
        let data_at = start..frame.len() - 1;
        is_own_format.then(|| Self { id, kind, title_id: data.title_id, data: data_at, frame, origin: None })
    }

    /// Returns the id.
    pub fn id(&self) -> EventId {
        self.id
    }

    /// Returns the kind.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// Returns the id of the title that the event is about.
    pub fn title_id(&self) -> u32 {
        self.title_id
    }

    /// Returns the trace context in which the event was published, if it was traced.
    pub fn origin(&self) -> Option<TraceContext> {
        self.origin
    }

    /// Returns the frame, `{"type": …, "data": {…}}`.
    pub fn frame(&self) -> &Utf8Bytes {
        &self.frame
    }

    /// Returns the JSON of `data` only.
    pub fn data(&self) -> &str {
        self.frame.get(self.data.clone()).unwrap_or_default()
    }
}

/// Returns the text before `data` in the frame of an event of this kind.
fn frame_start(kind: EventKind) -> String {
    format!(r#"{{"type":"{kind}","data":"#)
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    event_id: String,
    title_id: u32,
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::*;
    use crate::titles::model::title::TitleStatus;

    /// Trace context of an event as text.
    pub(in crate::events) const ORIGIN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    pub(in crate::events) fn id(number: u16) -> EventId {
        format!("1700000000000-{number:04}").parse().unwrap()
    }

    pub(in crate::events) fn event(number: u16, title_id: u32) -> Event {
        event_with(id(number), title_id)
    }

    pub(in crate::events) fn event_with(id: EventId, title_id: u32) -> Event {
        let change = TitleChange::StatusChange {
            title_id,
            old: TitleStatus::Ongoing,
            new: TitleStatus::Completed,
            version: 0,
        };
        Event::new(id, &change)
    }

    #[test]
    fn frame_contains_the_data_as_a_complete_object() {
        let event = event(7, 9000);

        let frame: Value = serde_json::from_str(event.frame()).unwrap();
        assert_eq!(frame["type"], "status_change");
        assert_eq!(frame["data"]["event_id"], "1700000000000-0007");
        assert_eq!(frame["data"], serde_json::from_str::<Value>(event.data()).unwrap());
    }

    #[test]
    fn rendered_frames_are_parsed_and_other_texts_are_rejected() {
        let event = event(7, 9000);
        let parse = |id, text: &str| Event::parse(id, Bytes::copy_from_slice(text.as_bytes()));

        assert_eq!(parse(event.id(), event.frame()), Some(event.clone()));
        assert_eq!(parse(id(8), event.frame()), None);
        for text in
            ["", "{}", "null", r#"{"type":"new_episode","data":{}}"#, r#"{"type":"x","data":{"title_id":1}}"#]
        {
            assert_eq!(parse(event.id(), text), None, "{text}");
        }
        assert_eq!(Event::parse(id(7), Bytes::from_static(b"\xff")), None);
    }
}
