//! Messages of the protocol: JSON texts with a type and data.

use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use super::event::{Event, EventId, Kind, UnknownEvent};
use crate::{
    Error, Result, Secret,
    model::{ReleaseId, wire},
};

/// Maximum length of a text of the service in an error, in characters.
const MAX_TEXT: usize = 300;

/// A message to the service.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub(super) enum Outgoing {
    Auth {
        #[serde(serialize_with = "expose")]
        token: Secret,
    },
    SubscribeTitle {
        title_id: ReleaseId,
    },
    UnsubscribeTitle {
        title_id: ReleaseId,
    },
    SubscribeUpdates {
        types: Vec<Kind>,
    },
    Resume {
        last_event_id: EventId,
    },
}

fn expose<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// A message from the service.
#[derive(Debug)]
pub(super) enum Incoming {
    Event(Event),
    /// The reply to a resume request. `complete` is false if some events are no longer available.
    Resumed {
        complete: bool,
    },
    /// The service has skipped events, because the client did not read them in time.
    Lagged {
        missed: Option<u64>,
    },
    /// A request was refused.
    Refused(Error),
    /// A request was accepted, or a reply without content.
    Acknowledged,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    data: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(default)]
struct Resumed {
    #[serde(deserialize_with = "wire::or_default")]
    complete: bool,
}

impl Default for Resumed {
    fn default() -> Self {
        Self { complete: true }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lagged {
    #[serde(deserialize_with = "wire::or_default")]
    missed: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(deserialize_with = "wire::or_default")]
    code: String,
    #[serde(deserialize_with = "wire::or_default")]
    message: String,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Result<Incoming> {
    let Envelope { kind, data } = crate::decode(text.as_bytes())?;
    let data = data.as_deref().map_or("{}", RawValue::get);
    Ok(match kind.as_str() {
        // Events are missed unless the service clearly says otherwise.
        "resumed" => {
            Incoming::Resumed { complete: payload::<Resumed>(data).is_ok_and(|resumed| resumed.complete) }
        }
        "lagged" => Incoming::Lagged { missed: payload::<Lagged>(data).unwrap_or_default().missed },
        "error" => Incoming::Refused(refusal(payload(data)?)),
        "auth_success" | "subscribed" | "unsubscribed" | "pong" => Incoming::Acknowledged,
        _ => Incoming::Event(event(kind, data)?),
    })
}

fn event(kind: String, data: &str) -> Result<Event> {
    Ok(match Kind::from(kind.as_str()) {
        Kind::NewEpisode => Event::NewEpisode(payload(data)?),
        Kind::EpisodeUpdate => Event::EpisodeUpdate(payload(data)?),
        Kind::NewRelease => Event::NewRelease(payload(data)?),
        Kind::StatusChange => Event::StatusChange(payload(data)?),
        Kind::Unknown(_) => {
            let data: Map<String, Value> = payload(data).unwrap_or_default();
            let id = data.get("event_id").and_then(|id| EventId::deserialize(id).ok());
            Event::Unknown(UnknownEvent { id, kind, data })
        }
    })
}

fn payload<T: DeserializeOwned>(data: &str) -> Result<T> {
    crate::decode(data.as_bytes()).map_err(|error| match error {
        Error::Decode { path, source } if path == "." => Error::Decode { path: "data".to_owned(), source },
        Error::Decode { path, source } => Error::Decode { path: format!("data.{path}"), source },
        other => other,
    })
}

fn refusal(Refusal { code, message }: Refusal) -> Error {
    let cut = |text: String| text.chars().take(MAX_TEXT).collect();
    let message = cut(message);
    match code.as_str() {
        "AUTH_FAILED" => Error::Unauthorized { status: 401, message },
        "RATE_LIMIT_EXCEEDED" => Error::RateLimited { retry_after: None },
        _ => Error::Refused { code: cut(code), message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ordinal, ReleaseStatus};

    #[test]
    fn new_episode_is_read_with_all_fields() {
        let text = r#"{"type":"new_episode","data":{"event_id":"01","title_id":9000,"episode":12.5,"title":"Имя",
            "episode_name":"Half","poster":"https://host.example/p.webp","timestamp":"2026-11-01T12:00:00Z"}}"#;

        let Ok(Incoming::Event(Event::NewEpisode(event))) = read(text) else { panic!("not an episode") };

        assert_eq!((event.id, event.release_id), (Some("01".into()), ReleaseId(9000)));
        assert_eq!((event.ordinal, event.title.as_deref()), (Ordinal(12.5), Some("Имя")));
        assert_eq!(event.episode_name.as_deref(), Some("Half"));
        assert_eq!(event.poster.unwrap().as_str(), "https://host.example/p.webp");
        assert_eq!(event.at.unwrap().unix_timestamp(), 1_793_534_400);
    }

    #[test]
    fn event_with_missing_or_invalid_fields_is_read() {
        let text = r#"{"type":"status_change","data":{"title_id":7,"old_status":"paused","new_status":"completed",
            "timestamp":1793534400}}"#;

        let Ok(Incoming::Event(Event::StatusChange(event))) = read(text) else { panic!("not a status") };

        assert_eq!(
            (event.id, event.old, event.new, event.at),
            (None, None, Some(ReleaseStatus::Completed), None)
        );
    }

    #[test]
    fn odd_values_of_an_event_are_converted_or_unknown() {
        let text = r#"{"type":"new_episode","data":{"event_id":7,"title_id":"9000","episode":"12","title":[],
            "poster":"","timestamp":"2026-11-01 12:00:00"}}"#;

        let Ok(Incoming::Event(Event::NewEpisode(event))) = read(text) else { panic!("not an episode") };

        assert_eq!((event.id, event.release_id), (Some("7".into()), ReleaseId(9000)));
        assert_eq!((event.ordinal, event.title, event.poster), (Ordinal(12.0), None, None));
        assert_eq!(event.at.unwrap().unix_timestamp(), 1_793_534_400);
    }

    #[test]
    fn other_messages_with_unexpected_data_are_read() {
        assert!(matches!(read(r#"{"type":"pong","data":[]}"#), Ok(Incoming::Acknowledged)));
        assert!(matches!(read(r#"{"type":"subscribed","data":null}"#), Ok(Incoming::Acknowledged)));
        assert!(matches!(read(r#"{"type":"lagged","data":[]}"#), Ok(Incoming::Lagged { missed: None })));
        assert!(matches!(
            read(r#"{"type":"lagged","data":{"missed":"3"}}"#),
            Ok(Incoming::Lagged { missed: Some(3) })
        ));
        for (data, is_complete) in [("{}", true), (r#"{"complete":"?"}"#, false), ("7", false)] {
            let text = format!(r#"{{"type":"resumed","data":{data}}}"#);
            assert!(
                matches!(read(&text), Ok(Incoming::Resumed { complete }) if complete == is_complete),
                "{data}"
            );
        }
        assert!(matches!(read(r#"{"type":"error","data":{"code":7}}"#), Ok(Incoming::Refused(_))));
        assert!(matches!(read(r#"{"type":"news","data":7}"#), Ok(Incoming::Event(Event::Unknown(_)))));
    }

    #[test]
    fn empty_name_of_an_episode_is_none() {
        let text =
            r#"{"type":"episode_update","data":{"title_id":7,"episode":1,"episode_name":"","poster":null}}"#;

        let Ok(Incoming::Event(Event::EpisodeUpdate(event))) = read(text) else { panic!("not an episode") };

        assert_eq!((event.episode_name, event.poster), (None, None));
    }

    #[test]
    fn event_without_a_release_is_an_error_with_the_path() {
        let error = read(r#"{"type":"new_title","data":{"title_id":"many"}}"#).unwrap_err();

        assert!(matches!(&error, Error::Decode { path, .. } if path == "data.title_id"), "{error}");
    }

    #[test]
    fn unknown_event_is_kept_with_its_id() {
        let text = r#"{"type":"title_removed","data":{"event_id":"07","title_id":1}}"#;

        let Ok(Incoming::Event(Event::Unknown(event))) = read(text) else { panic!("not unknown") };

        assert_eq!((event.kind.as_str(), event.id), ("title_removed", Some("07".into())));
        assert_eq!(event.data["title_id"], 1);
    }

    #[test]
    fn refusals_become_errors_by_their_code() {
        let read = |code: &str| match read(&format!(
            r#"{{"type":"error","data":{{"code":"{code}","message":"no"}}}}"#
        )) {
            Ok(Incoming::Refused(error)) => error,
            other => panic!("{other:?}"),
        };

        assert!(matches!(read("AUTH_FAILED"), Error::Unauthorized { .. }));
        assert!(matches!(read("RATE_LIMIT_EXCEEDED"), Error::RateLimited { .. }));
        assert_eq!(
            read("SUBSCRIPTION_LIMIT").to_string(),
            "the service refused a message (SUBSCRIPTION_LIMIT): no"
        );
    }

    #[test]
    fn messages_are_written_as_the_service_reads_them_and_hide_the_token() {
        let auth = Outgoing::Auth { token: "secret".into() };
        let feed = Outgoing::SubscribeUpdates { types: vec![Kind::NewRelease] };
        let text = |message: &Outgoing| serde_json::to_string(message).unwrap();

        assert_eq!(text(&auth), r#"{"type":"auth","data":{"token":"secret"}}"#);
        assert_eq!(text(&feed), r#"{"type":"subscribe_updates","data":{"types":["new_title"]}}"#);
        assert!(!format!("{auth:?}").contains("secret"));
    }
}
