//! The body of a notification to the Node service about one event.

use serde_json::{Map, Value, json};

use crate::events::event::Event;

/// Fields of an event that are placed next to `data`, in this order.
const OUTSIDE: [&str; 3] = ["title_id", "episode", "timestamp"];

/// Fields of an event that only clients receive.
const LEFT_OUT: [&str; 2] = ["event_id", "poster"];

/// Returns `{type, title_id, episode, timestamp, data}`, without `episode` if the event is not about one. `data` holds the
/// other fields of the event: `title` and `episode_name`, or `title` and `genres`, or `old_status` and `new_status`. It is
/// omitted if there are none.
pub(super) fn body(event: &Event) -> Value {
    let mut fields: Map<String, Value> = serde_json::from_str(event.data()).unwrap_or_default();
    let mut body = Map::new();
    body.insert("type".to_owned(), json!(event.kind().as_str()));
    for name in OUTSIDE {
        if let Some(value) = fields.remove(name) {
            body.insert(name.to_owned(), value);
        }
    }
    fields.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
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
            model::title::TitleStatus,
            notice::{EpisodeNews, Notice},
        },
    };

    fn told(notice: &Notice) -> Value {
        let mut body = body(&Event::new(EventId::now(), notice));
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
        body.as_object_mut().unwrap().remove("timestamp");
        body
    }

    #[test]
    fn episode_has_its_number_outside_and_the_names_inside() {
        let news = EpisodeNews {
            title_id: 7,
            episode: 12.0.into(),
            title: "Имя".into(),
            episode_name: "Начало".into(),
            poster: Some("https://site.example/p.jpg".into()),
        };
        let data = json!({"title": "Имя", "episode_name": "Начало"});

        for (kind, notice) in [
            ("new_episode", Notice::NewEpisode(news.clone())),
            ("episode_update", Notice::EpisodeUpdate(news)),
        ] {
            assert_eq!(told(&notice), json!({"type": kind, "title_id": 7, "episode": 12, "data": data}));
        }
    }

    #[test]
    fn title_has_no_episode() {
        let new =
            Notice::NewTitle {
                title_id: 7, title: "Имя".into(), poster: None, genres: vec!["Драма".into()]
            };
        let status = Notice::StatusChange {
            title_id: 7,
            old: TitleStatus::Ongoing,
            new: TitleStatus::Completed,
            version: 0,
        };

        let data = json!({"title": "Имя", "genres": ["Драма"]});
        assert_eq!(told(&new), json!({"type": "new_title", "title_id": 7, "data": data}));
        let data = json!({"old_status": "ongoing", "new_status": "completed"});
        assert_eq!(told(&status), json!({"type": "status_change", "title_id": 7, "data": data}));
        let updated = Notice::TitleUpdated { title_id: 7, content: "1".into(), version: 0 };
        assert_eq!(told(&updated), json!({"type": "title_updated", "title_id": 7}));
    }
}
