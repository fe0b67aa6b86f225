//! An event of v3. Each combination of dialect and fields is rendered once.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{Dialect, projection::Projection};

/// Maximum cached texts of one event. Further combinations of dialect and fields are rendered for each client.
const MAX_RENDERED: usize = 32;

/// Type of an event.
///
/// The old service also reported the progress of its encoders (`encode_start`, `encode_progress`, `encode_end` and
/// `encode_finish`). AniLiberty does not publish it, so these events never occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The title itself has changed.
    TitleUpdate,
    /// An episode is new or has changed.
    PlaylistUpdate,
    /// A torrent is new or has changed.
    TorrentUpdate,
}

impl EventKind {
    /// All types of events.
    pub const ALL: [Self; 3] = [Self::TitleUpdate, Self::PlaylistUpdate, Self::TorrentUpdate];

    /// Returns the name of the type on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TitleUpdate => "title_update",
            Self::PlaylistUpdate => "playlist_update",
            Self::TorrentUpdate => "torrent_update",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An event. Cheap to clone: clones share the rendered texts.
#[derive(Clone)]
pub struct Event(Arc<Shared>);

struct Shared {
    kind: EventKind,
    /// `{"type": …, "data": {…}}`, with a description in all its formats.
    value: Value,
    /// The value as text.
    frame: Utf8Bytes,
    rendered: Mutex<HashMap<(Dialect, String), Utf8Bytes>>,
}

impl Event {
    /// Creates an event of type `kind` with `data`.
    pub fn new(kind: EventKind, data: Value) -> Self {
        let fields = [("type", kind.as_str().into()), ("data", data)];
        let value: Value = fields.into_iter().collect();
        let frame = value.to_string().into();
        Self(Arc::new(Shared { kind, value, frame, rendered: Mutex::default() }))
    }

    /// Parses the output of [`frame`](Self::frame); `None` if it is malformed.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let mut value: Value = serde_json::from_slice(frame).ok()?;
        let kind = EventKind::from_name(value.get("type")?.as_str()?)?;
        let data = value.get_mut("data").filter(|data| data.is_object())?.take();
        Some(Self::new(kind, data))
    }

    /// Returns the type of the event.
    pub fn kind(&self) -> EventKind {
        self.0.kind
    }

    /// Returns `{"type": …, "data": {…}}`.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// Returns the data of the event.
    pub fn data(&self) -> &Value {
        &self.0.value["data"]
    }

    /// Returns the complete event as text, in the format of the old service.
    pub fn frame(&self) -> &Utf8Bytes {
        &self.0.frame
    }

    /// Returns the text of the event in `dialect`, with the fields that `projection` keeps.
    pub fn text(&self, dialect: Dialect, projection: &Projection) -> Utf8Bytes {
        let is_translated = dialect == Dialect::Python && self.0.kind == EventKind::TitleUpdate;
        if projection.keeps_all() && !is_translated {
            return self.0.frame.clone();
        }
        let key = (dialect, projection.to_string());
        let rendered = || self.0.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frame) = rendered().get(&key) {
            return frame.clone();
        }
        let frame = self.render(dialect, projection);
        let mut rendered = rendered();
        if rendered.len() < MAX_RENDERED {
            rendered.insert(key, frame.clone());
        }
        frame
    }

    fn render(&self, dialect: Dialect, projection: &Projection) -> Utf8Bytes {
        let mut value = self.0.value.clone();
        let data = &mut value["data"];
        if dialect == Dialect::Python {
            for part in ["title", "diff"] {
                if let Some(description) = data.pointer_mut(&format!("/{part}/description")) {
                    replace_by_plain(description);
                }
            }
        }
        // In `title_update`, paths start at the title, as in responses. Other events have no title, so paths start at the
        // data.
        let subject = if data.get("title").is_some() { &mut data["title"] } else { data };
        projection.apply(subject);
        value.to_string().into()
    }
}

/// Replaces the object of description forms by the text without markup. The Python client expects a text.
fn replace_by_plain(description: &mut Value) {
    if let Some(forms) = description.as_object_mut() {
        *description = forms.remove("plain").unwrap_or_default();
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Event").field(&self.0.frame).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn title_update() -> Event {
        let description = json!({"html": "a<br>b", "plain": "a\nb", "no_view_order": "a\nb"});
        let title = json!({"id": 7, "names": {"ru": "Имя", "en": "Name"}, "description": description});
        Event::new(EventKind::TitleUpdate, json!({"title": title, "diff": {"description": {"plain": "a"}}}))
    }

    fn text(event: &Event, dialect: Dialect, filter: &str, remove: &str) -> Value {
        let projection = Projection::parse(filter, remove).unwrap();
        serde_json::from_str(&event.text(dialect, &projection)).unwrap()
    }

    #[test]
    fn description_is_an_object_or_a_text_by_dialect() {
        let event = title_update();

        assert_eq!(text(&event, Dialect::Live, "", ""), *event.value());
        let python = text(&event, Dialect::Python, "", "");
        assert_eq!(python["data"]["title"]["description"], "a\nb");
        assert_eq!(python["data"]["diff"], json!({"description": "a"}));
    }

    #[test]
    fn projection_applies_to_the_title_or_else_to_the_data() {
        let event = title_update();
        let shaped = text(&event, Dialect::Live, "id,names", "names.en");
        assert_eq!(shaped["data"]["title"], json!({"id": 7, "names": {"ru": "Имя"}}));
        assert_eq!(
            (&shaped["type"], &shaped["data"]["diff"]),
            (&json!("title_update"), &event.data()["diff"])
        );

        let event = Event::new(EventKind::TorrentUpdate, json!({"id": "7", "torrents": {}, "diff": {}}));
        let shaped = text(&event, Dialect::Python, "id", "");
        assert_eq!(shaped, json!({"type": "torrent_update", "data": {"id": "7"}}));
    }

    #[test]
    fn rendered_event_is_parsed_and_other_text_is_not() {
        let event = title_update();

        assert_eq!(Event::parse(event.frame().as_bytes()).unwrap().frame(), event.frame());
        for text in ["", "{}", "[]", r#"{"type":"x","data":{}}"#, r#"{"type":"title_update","data":1}"#] {
            assert!(Event::parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
