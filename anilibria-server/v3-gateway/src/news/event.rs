//! An event of v3 as everybody gets it: rendered once in each form that somebody wants.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{Dialect, projection::Projection};

/// Forms of one event that are kept. Whoever wants another one has it rendered for itself.
const MAX_FORMS: usize = 32;

/// What kind of event it is.
///
/// The old service also told how its own encoders were getting on (`encode_start`, `encode_progress`, `encode_end` and
/// `encode_finish`). The new one tells nobody, so these never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Something about a title has changed.
    TitleUpdate,
    /// An episode has come or has changed.
    PlaylistUpdate,
    /// A torrent has come or has changed.
    TorrentUpdate,
}

impl Kind {
    /// All that can happen.
    pub const ALL: [Self; 3] = [Self::TitleUpdate, Self::PlaylistUpdate, Self::TorrentUpdate];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TitleUpdate => "title_update",
            Self::PlaylistUpdate => "playlist_update",
            Self::TorrentUpdate => "torrent_update",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An event. Cheap to clone: clones share what was rendered.
#[derive(Clone)]
pub struct Event(Arc<Shared>);

struct Shared {
    kind: Kind,
    /// `{"type": …, "data": {…}}`, with a description in all its forms.
    value: Value,
    /// The same as text.
    frame: Utf8Bytes,
    forms: Mutex<HashMap<(Dialect, String), Utf8Bytes>>,
}

impl Event {
    /// The event of this kind with these data.
    pub fn new(kind: Kind, data: Value) -> Self {
        let fields = [("type", kind.as_str().into()), ("data", data)];
        let value: Value = fields.into_iter().collect();
        let frame = value.to_string().into();
        Self(Arc::new(Shared { kind, value, frame, forms: Mutex::default() }))
    }

    /// Reads what [`frame`](Self::frame) has given; `None` for anything else.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let mut value: Value = serde_json::from_slice(frame).ok()?;
        let kind = Kind::named(value.get("type")?.as_str()?)?;
        let data = value.get_mut("data").filter(|data| data.is_object())?.take();
        Some(Self::new(kind, data))
    }

    /// What kind of event it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// `{"type": …, "data": {…}}`.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// What has happened.
    pub fn data(&self) -> &Value {
        &self.0.value["data"]
    }

    /// The whole of it as text, as the old service told it.
    pub fn frame(&self) -> &Utf8Bytes {
        &self.0.frame
    }

    /// The text for those who speak `dialect` and want as much of it as `projection` keeps.
    pub fn form(&self, dialect: Dialect, projection: &Projection) -> Utf8Bytes {
        let is_translated = dialect == Dialect::Python && self.0.kind == Kind::TitleUpdate;
        if projection.keeps_all() && !is_translated {
            return self.0.frame.clone();
        }
        let key = (dialect, projection.to_string());
        let forms = || self.0.forms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frame) = forms().get(&key) {
            return frame.clone();
        }
        let frame = self.render(dialect, projection);
        let mut forms = forms();
        if forms.len() < MAX_FORMS {
            forms.insert(key, frame.clone());
        }
        frame
    }

    fn render(&self, dialect: Dialect, projection: &Projection) -> Utf8Bytes {
        let mut value = self.0.value.clone();
        let data = &mut value["data"];
        if dialect == Dialect::Python {
            for part in ["title", "diff"] {
                if let Some(description) = data.pointer_mut(&format!("/{part}/description")) {
                    plain(description);
                }
            }
        }
        // A title's parts are named as in answers; other events have no title.
        let subject = if data.get("title").is_some() { &mut data["title"] } else { data };
        projection.apply(subject);
        value.to_string().into()
    }
}

/// Puts the text without markup in the place of all forms: the Python client takes whatever there is for the text.
fn plain(description: &mut Value) {
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
        Event::new(Kind::TitleUpdate, json!({"title": title, "diff": {"description": {"plain": "a"}}}))
    }

    fn form(event: &Event, dialect: Dialect, filter: &str, remove: &str) -> Value {
        let projection = Projection::parse(filter, remove).unwrap();
        serde_json::from_str(&event.form(dialect, &projection)).unwrap()
    }

    #[test]
    fn description_is_an_object_for_some_and_a_text_for_others() {
        let event = title_update();

        assert_eq!(form(&event, Dialect::Live, "", ""), *event.value());
        let python = form(&event, Dialect::Python, "", "");
        assert_eq!(python["data"]["title"]["description"], "a\nb");
        assert_eq!(python["data"]["diff"], json!({"description": "a"}));
    }

    #[test]
    fn projection_is_of_the_title_or_else_of_the_data_and_leaves_the_rest() {
        let event = title_update();
        let shaped = form(&event, Dialect::Live, "id,names", "names.en");
        assert_eq!(shaped["data"]["title"], json!({"id": 7, "names": {"ru": "Имя"}}));
        assert_eq!(
            (&shaped["type"], &shaped["data"]["diff"]),
            (&json!("title_update"), &event.data()["diff"])
        );

        let event = Event::new(Kind::TorrentUpdate, json!({"id": "7", "torrents": {}, "diff": {}}));
        let shaped = form(&event, Dialect::Python, "id", "");
        assert_eq!(shaped, json!({"type": "torrent_update", "data": {"id": "7"}}));
    }

    #[test]
    fn what_was_rendered_is_read_and_what_is_foreign_is_not() {
        let event = title_update();

        assert_eq!(Event::read(event.frame().as_bytes()).unwrap().frame(), event.frame());
        for text in ["", "{}", "[]", r#"{"type":"x","data":{}}"#, r#"{"type":"title_update","data":1}"#] {
            assert!(Event::read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
