//! Parsing of messages of a v3 service.

use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Map, Value};

use super::{
    event::{Event, UnknownEvent},
    subscriptions::SubscriptionId,
};
use crate::{Error, Result, client::v3_message_error, decode, v3::events::event::Subscribed};

/// Reads a message. `accepted` returns the subscription that the service has just accepted.
pub(super) fn read(message: &[u8], accepted: impl FnOnce() -> Option<SubscriptionId>) -> Result<Event> {
    let mut message_map: Map<String, Value> = decode(message)?;
    let data = message_map.remove("data");
    if let Some(Value::String(kind)) = message_map.get("type") {
        return event(kind, data.unwrap_or_default());
    }
    if message_map.contains_key("connection") {
        return payload(&Value::Object(message_map)).map(Event::Connect);
    }
    if let Some(error) = v3_message_error(message) {
        return Err(error);
    }
    match message_map.get("subscribe").and_then(Value::as_str) {
        Some("success") => {
            let service_id = message_map.get("subscription_id").and_then(number).unwrap_or_default();
            Ok(Event::Subscription(Subscribed { id: accepted(), service_id }))
        }
        Some(refusal) => Err(Error::Refused { code: "subscribe".to_owned(), message: cut(refusal) }),
        None => Ok(Event::Unknown(UnknownEvent { kind: String::new(), data: Value::Object(message_map) })),
    }
}

fn event(kind: &str, data: Value) -> Result<Event> {
    Ok(match kind.to_ascii_lowercase().as_str() {
        "connect" => Event::Connect(payload(&data)?),
        "title_update" => Event::TitleUpdate(payload(&data)?),
        "playlist_update" => Event::PlaylistUpdate(payload(&data)?),
        "encode_start" => Event::EncodeStart(payload(&data)?),
        "encode_progress" => Event::EncodeProgress(payload(&data)?),
        "encode_end" => Event::EncodeEnd(payload(&data)?),
        "encode_finish" => Event::EncodeFinish(payload(&data)?),
        "torrent_update" => Event::TorrentUpdate(payload(&data)?),
        _ => Event::Unknown(UnknownEvent { kind: kind.to_owned(), data }),
    })
}

/// Decodes the data of an event, which is an object.
fn payload<T: DeserializeOwned>(data: &Value) -> Result<T> {
    if !data.is_object() {
        let source = std::sync::Arc::new(serde_json::Error::custom("expected an object"));
        return Err(Error::Decode { path: "data".to_owned(), source });
    }
    decode(data.to_string().as_bytes()).map_err(|error| match error {
        Error::Decode { path, source } => Error::Decode { path: format!("data.{path}"), source },
        other => other,
    })
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Ordinal, Quality};

    fn read_json(message: &Value) -> Result<Event> {
        read(message.to_string().as_bytes(), || None)
    }

    #[test]
    fn numbers_are_read_as_numbers_and_as_text() {
        for (id, episode, resolution, percent) in [
            (json!("7"), json!("12.5"), json!("480"), json!("25")),
            (json!(7), json!(12.5), json!(480), json!(25)),
        ] {
            let data = json!({
                "id": id, "episode": episode, "resolution": resolution, "quality": "sd", "encoded_percent": percent,
            });
            let Ok(Event::EncodeProgress(progress)) =
                read_json(&json!({"type": "ENCODE_PROGRESS", "data": data}))
            else {
                panic!("no progress")
            };
            assert_eq!((progress.id.get(), progress.episode), (7, Some(Ordinal(12.5))));
            assert_eq!((progress.resolution, progress.encoded_percent), (Some(480), 25));
            assert_eq!(progress.quality, Some(Quality::Sd));
        }
        let started =
            json!({"type": "encode_start", "data": {"id": "7", "isReupload": true, "quality": "8k"}});
        let Ok(Event::EncodeStart(started)) = read_json(&started) else { panic!("no start") };
        assert!(started.is_reupload && started.quality.is_none());
    }

    #[test]
    fn greeting_and_replies_are_not_read_as_events() {
        let Ok(Event::Connect(connect)) =
            read_json(&json!({"connection": "success", "api_version": "3.0.14"}))
        else {
            panic!("no greeting")
        };
        assert_eq!(connect.api_version, "3.0.14");
        let subscribed = read_json(&json!({"subscribe": "success", "subscription_id": "4"}));
        assert!(matches!(subscribed, Ok(Event::Subscription(Subscribed { service_id: 4, .. }))));
        let refused = [
            json!({"subscribe": "too many"}),
            json!({"error": {"code": 412, "message": "what?"}}),
            json!({"err": "error", "mes": "what?"}),
        ];
        assert!(refused.iter().all(|message| read_json(message).is_err()));
    }

    #[test]
    fn unknown_messages_are_kept_and_invalid_ones_are_errors() {
        let Ok(Event::Unknown(unknown)) = read_json(&json!({"type": "poll", "data": [1]})) else { panic!() };
        assert_eq!((unknown.kind.as_str(), unknown.data), ("poll", json!([1])));
        assert!(matches!(read_json(&json!({})), Ok(Event::Unknown(_))));
        for wrong in [
            json!({"type": "title_update"}),
            json!({"type": "title_update", "data": "x"}),
            json!({"type": "torrent_update", "data": null}),
            json!([1]),
            json!("x"),
        ] {
            assert!(matches!(read_json(&wrong), Err(Error::Decode { .. })), "{wrong}");
        }
        assert!(read(b"\xff{", || None).is_err());
    }
}
