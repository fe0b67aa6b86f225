//! The body of a notification to the Node service about one event.

use serde_json::{Map, Value, json};

use crate::events::event::Event;

/// Fields of an event that are placed next to `data`, in this order.
const TOP_LEVEL: [&str; 3] = ["title_id", "episode", "timestamp"];

/// Fields of an event that only clients receive.
const OMITTED: [&str; 2] = ["event_id", "poster"];

/// Returns `{type, title_id, episode, timestamp, data}`, without `episode` if the event is not about one. `data` holds the
/// other fields of the event: `title` and `episode_name`, or `title` and `genres`, or `old_status` and `new_status`. `data`
/// is omitted if there are none.
pub(super) fn render(event: &Event) -> Value {
    let mut fields: Map<String, Value> = serde_json::from_str(event.data()).unwrap_or_default();
    let mut body = Map::new();
    body.insert("type".to_owned(), json!(event.kind().as_str()));
    for name in TOP_LEVEL {
        if let Some(value) = fields.remove(name) {
            body.insert(name.to_owned(), value);
        }
    }
    fields.retain(|name, _| !OMITTED.contains(&name.as_str()));
    if !fields.is_empty() {
        body.insert("data".to_owned(), Value::Object(fields));
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        events::event::EventId,
        titles::{
            change::{EpisodeChange, TitleChange},
            model::title::TitleStatus,
        },
    };

    fn body_of(change: &TitleChange) -> Value {
        let mut body = render(&Event::new(EventId::now(), change));
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
        body.as_object_mut().unwrap().remove("timestamp");
        body
    }

    #[test]
    fn episode_number_is_next_to_data_and_names_are_in_data() {
        let change = EpisodeChange {
            title_id: 7,
            episode: 12.0.into(),
            title: "Имя".into(),
            episode_name: "Начало".into(),
            poster: Some("https://site.example/p.jpg".into()),
        };
        let data = json!({"title": "Имя", "episode_name": "Начало"});

        for (kind, change) in [
            ("new_episode", TitleChange::NewEpisode(change.clone())),
            ("episode_update", TitleChange::EpisodeUpdate(change)),
        ] {
            assert_eq!(body_of(&change), json!({"type": kind, "title_id": 7, "episode": 12, "data": data}));
        }
    }

    #[test]
    fn title_events_have_no_episode() {
        let new = TitleChange::NewTitle {
            title_id: 7,
            title: "Имя".into(),
            poster: None,
            genres: vec!["Драма".into()],
        };
        let status = TitleChange::StatusChange {
            title_id: 7,
            old: TitleStatus::Ongoing,
            new: TitleStatus::Completed,
            version: 0,
        };

        let data = json!({"title": "Имя", "genres": ["Драма"]});
        assert_eq!(body_of(&new), json!({"type": "new_title", "title_id": 7, "data": data}));
        let data = json!({"old_status": "ongoing", "new_status": "completed"});
        assert_eq!(body_of(&status), json!({"type": "status_change", "title_id": 7, "data": data}));
        let updated = TitleChange::TitleUpdated { title_id: 7, content: "1".into(), version: 0 };
        assert_eq!(body_of(&updated), json!({"type": "title_updated", "title_id": 7}));
    }
}
