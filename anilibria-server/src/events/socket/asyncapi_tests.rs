//! Tests that compare the AsyncAPI document with the actual messages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    super::{
        event::Event,
        subscriptions::{MAX_TITLES, TooManyTitles},
    },
    command::Command,
    server_message::{CommandError, ServerMessage},
};
use crate::{
    auth::token::TokenError,
    events::asyncapi::{
        YAML,
        tests::{assert_described, document, examples, messages},
    },
    titles::{
        change::{EpisodeChange, EventKind, TitleChange},
        model::title::TitleStatus,
    },
};

/// Returns the name of a command's message in the document. A new command must be added here and to the document.
fn message_name(command: &Command) -> &'static str {
    match command {
        Command::Auth { .. } => "auth",
        Command::Follow(_) => "subscribe_title",
        Command::Unfollow(_) => "unsubscribe_title",
        Command::SelectKinds(_) => "subscribe_updates",
        Command::Resume(_) => "resume",
        Command::Ping => "ping",
    }
}

fn errors() -> [CommandError; 6] {
    [
        CommandError::auth_failed(TokenError::Expired),
        CommandError::invalid("not good"),
        CommandError::unknown_type(),
        CommandError::subscription_limit(TooManyTitles),
        CommandError::connection_limit(),
        CommandError::rate_limit(),
    ]
}

fn server_messages() -> Vec<ServerMessage> {
    let last = "1700000000000-0001".parse().unwrap();
    let mut server_messages = vec![
        ServerMessage::AuthSuccess { user_id: u64::MAX },
        ServerMessage::Followed(7),
        ServerMessage::Unfollowed(7),
        ServerMessage::KindsSelected(EventKind::ALL.into_iter().filter(|kind| kind.is_public()).collect()),
        ServerMessage::KindsCleared,
        ServerMessage::Resumed { replayed: 0, complete: false },
        ServerMessage::Lagged { missed: 1, last: Some(last) },
        ServerMessage::Lagged { missed: 1, last: None },
        ServerMessage::Pong,
    ];
    server_messages.extend(errors().map(ServerMessage::Error));
    server_messages
}

fn changes() -> [TitleChange; 4] {
    let change = EpisodeChange {
        title_id: 7,
        episode: 7.5.into(),
        title: "Имя".to_owned(),
        episode_name: String::new(),
        poster: None,
    };
    let poster = Some("https://example.com/poster.webp".to_owned());
    [
        TitleChange::NewEpisode(EpisodeChange { poster: poster.clone(), ..change.clone() }),
        TitleChange::EpisodeUpdate(change),
        TitleChange::NewTitle {
            title_id: 7,
            title: "Имя".to_owned(),
            poster,
            genres: vec!["Драма".to_owned()],
        },
        TitleChange::StatusChange {
            title_id: 7,
            old: TitleStatus::Announced,
            new: TitleStatus::Ongoing,
            version: 0,
        },
    ]
}

fn parsed(frame: &str) -> Value {
    serde_json::from_str(frame).unwrap()
}

fn names<'f>(frames: impl IntoIterator<Item = &'f Value>) -> BTreeSet<String> {
    frames.into_iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn document_contains_exactly_the_commands() {
    let mut parsed_commands = BTreeSet::new();
    for message in messages("command") {
        for example in examples(&message) {
            let command = Command::parse(&example.to_string()).unwrap();
            assert_eq!(message_name(&command), message);
            parsed_commands.insert(message.clone());
        }
    }

    let error =
        parsed(&ServerMessage::Error(CommandError::unknown_type()).frame())["data"]["message"].to_string();
    assert_eq!(parsed_commands, messages("command"));
    for message in &parsed_commands {
        assert!(error.contains(message.as_str()), "{error}");
    }
    assert_eq!(error.matches(", ").count() + 1, parsed_commands.len(), "{error}");
}

#[test]
fn document_contains_exactly_the_server_messages() {
    let frames: Vec<_> = server_messages().iter().map(|message| parsed(&message.frame())).collect();

    frames.iter().for_each(assert_described);
    assert_eq!(names(&frames), messages("reply"));
}

#[test]
fn document_contains_exactly_the_events() {
    let id = "1700000000000-0001".parse().unwrap();
    let frames: Vec<_> = changes().iter().map(|change| parsed(Event::new(id, change).frame())).collect();

    frames.iter().for_each(assert_described);
    assert_eq!(names(&frames), messages("event"));
    let for_clients = EventKind::ALL.into_iter().filter(|kind| kind.is_for_clients());
    assert_eq!(names(&frames), for_clients.map(|kind| kind.to_string()).collect());
}

#[test]
fn document_contains_all_error_codes() {
    let codes = errors().map(|error| parsed(&ServerMessage::Error(error).frame())["data"]["code"].clone());

    let described = &document()["components"]["messages"]["error"]["payload"]["properties"]["data"];
    assert_eq!(described["properties"]["code"]["enum"], json!(codes));
}

#[test]
fn document_contains_the_limits() {
    assert!(YAML.contains(&format!("at most {MAX_TITLES} titles")));
    assert!(YAML.contains(&format!("at most {} KiB", anilibria_http::websocket::MAX_MESSAGE / 1024)));
}
