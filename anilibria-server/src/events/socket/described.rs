//! Tests that compare the AsyncAPI document with the actual messages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    super::{
        event::Event,
        interests::{MAX_TITLES, TooMany},
    },
    answer::{Answer, Fault},
    command::Command,
};
use crate::{
    auth::token::TokenError,
    events::asyncapi::{
        YAML,
        tests::{assert_described, document, examples, messages},
    },
    titles::{
        model::title::TitleStatus,
        notice::{EpisodeNews, EventKind, Notice},
    },
};

/// Returns the message in the document for a command. A new command must be added here, and so to the document.
fn name(command: &Command) -> &'static str {
    match command {
        Command::Auth { .. } => "auth",
        Command::Follow(_) => "subscribe_title",
        Command::Leave(_) => "unsubscribe_title",
        Command::Select(_) => "subscribe_updates",
        Command::Resume(_) => "resume",
        Command::Ping => "ping",
    }
}

fn faults() -> [Fault; 6] {
    [
        Fault::auth_failed(TokenError::Expired),
        Fault::invalid("not good"),
        Fault::unknown_type(),
        Fault::subscription_limit(TooMany),
        Fault::connection_limit(),
        Fault::rate_limit(),
    ]
}

fn answers() -> Vec<Answer> {
    let last = "1700000000000-0001".parse().unwrap();
    let mut answers = vec![
        Answer::AuthSuccess { user_id: u64::MAX },
        Answer::Followed(7),
        Answer::Left(7),
        Answer::Selected(EventKind::ALL.into_iter().filter(|kind| kind.is_public()).collect()),
        Answer::SelectedNone,
        Answer::Resumed { replayed: 0, complete: false },
        Answer::Lagged { missed: 1, last: Some(last) },
        Answer::Lagged { missed: 1, last: None },
        Answer::Pong,
    ];
    answers.extend(faults().map(Answer::Error));
    answers
}

fn notices() -> [Notice; 4] {
    let news = EpisodeNews {
        title_id: 7,
        episode: 7.5.into(),
        title: "Имя".to_owned(),
        episode_name: String::new(),
        poster: None,
    };
    let poster = Some("https://example.com/poster.webp".to_owned());
    [
        Notice::NewEpisode(EpisodeNews { poster: poster.clone(), ..news.clone() }),
        Notice::EpisodeUpdate(news),
        Notice::NewTitle {
            title_id: 7, title: "Имя".to_owned(), poster, genres: vec!["Драма".to_owned()]
        },
        Notice::StatusChange {
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
fn every_command_is_described_and_every_one_described_is_understood() {
    let mut understood = BTreeSet::new();
    for message in messages("command") {
        for example in examples(&message) {
            let command = Command::read(&example.to_string()).unwrap();
            assert_eq!(name(&command), message);
            understood.insert(message.clone());
        }
    }

    let told = parsed(&Answer::Error(Fault::unknown_type()).frame())["data"]["message"].to_string();
    assert_eq!(understood, messages("command"));
    for message in &understood {
        assert!(told.contains(message.as_str()), "{told}");
    }
    assert_eq!(told.matches(", ").count() + 1, understood.len(), "{told}");
}

#[test]
fn every_answer_is_described_and_every_one_described_is_given() {
    let frames: Vec<_> = answers().iter().map(|answer| parsed(&answer.frame())).collect();

    frames.iter().for_each(assert_described);
    assert_eq!(names(&frames), messages("answer"));
}

#[test]
fn every_event_is_described_and_every_one_described_happens() {
    let id = "1700000000000-0001".parse().unwrap();
    let frames: Vec<_> = notices().iter().map(|notice| parsed(Event::new(id, notice).frame())).collect();

    frames.iter().for_each(assert_described);
    assert_eq!(names(&frames), messages("tell"));
    let told = EventKind::ALL.into_iter().filter(|kind| kind.is_for_clients());
    assert_eq!(names(&frames), told.map(|kind| kind.to_string()).collect());
}

#[test]
fn every_code_of_an_error_is_described() {
    let codes = faults().map(|fault| parsed(&Answer::Error(fault).frame())["data"]["code"].clone());

    let described = &document()["components"]["messages"]["error"]["payload"]["properties"]["data"];
    assert_eq!(described["properties"]["code"]["enum"], json!(codes));
}

#[test]
fn limits_are_the_ones_described() {
    assert!(YAML.contains(&format!("at most {MAX_TITLES} titles")));
    assert!(YAML.contains(&format!("at most {} KiB", anilibria_http::websocket::MAX_MESSAGE / 1024)));
}
