//! Tests of event handlers.

use std::sync::{Arc, Mutex};

use anilibria_client::{
    Error, RetryPolicy,
    v3::{Client, Connect, Event, Handlers, PlaylistUpdate, ReconnectPolicy, SandboxGateway, TitleEpisode},
};
use serde_json::json;
use tokio::sync::mpsc;

async fn gateway() -> (SandboxGateway, Handlers) {
    let gateway = SandboxGateway::start().await.unwrap();
    let handlers = Client::new(gateway.url()).unwrap().events().handlers().unwrap();
    (gateway, handlers)
}

#[tokio::test]
async fn handlers_are_called_for_their_events() {
    let (gateway, handlers) = gateway().await;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let notify = |name: &'static str| {
        let sender = sender.clone();
        move || {
            sender.send(name).unwrap();
            std::future::ready(())
        }
    };
    let (startup, connect, update, episode, by_name) =
        (notify("startup"), notify("connect"), notify("update"), notify("episode"), notify("by name"));
    let (connected, mut is_connected) = mpsc::unbounded_channel();
    let handlers = handlers
        .on_startup(startup)
        .on(move |greeting: Connect| {
            connected.send(greeting.api_version).unwrap();
            connect()
        })
        .on::<PlaylistUpdate, _, _>(move |_| update())
        .on(move |_: TitleEpisode| episode())
        .on_name("on_title_episode", move |event| {
            assert!(matches!(event, Event::TitleEpisode(_)));
            by_name()
        });

    let names = handlers.run_with(async move {
        assert_eq!(is_connected.recv().await.unwrap(), "3.0.14");
        gateway.new_episode(7);
        let mut names = Vec::new();
        for _ in 0..5 {
            names.push(receiver.recv().await.unwrap());
        }
        names
    });

    let mut names = names.await.unwrap();
    names.sort_unstable();
    assert_eq!(names, ["by name", "connect", "episode", "startup", "update"]);
}

#[tokio::test]
async fn failed_or_panicked_handler_is_reported_and_others_still_run() {
    let (gateway, handlers) = gateway().await;
    let reported = Arc::new(Mutex::new(Vec::new()));
    let (report, (sender, mut receiver)) = (reported.clone(), mpsc::unbounded_channel());
    let handlers = handlers
        .on(|_: Connect| async { Err::<(), _>("no luck") })
        .on_name("on_connect", |_| -> std::future::Ready<()> { panic!("bad luck") })
        .on(move |event: Event| {
            sender.send(event.name()).unwrap();
            async {}
        })
        .on_error(move |error| report.lock().unwrap().push(error.to_string()));

    let last = handlers.run_with(async {
        while receiver.recv().await.unwrap() != "on_connect" {}
        gateway.send(json!({"type": "poll", "data": {}}));
        while reported.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        receiver.recv().await.unwrap()
    });

    assert_eq!(last.await.unwrap(), "on_unknown");
    let reported = reported.lock().unwrap().join(" ");
    assert!(reported.contains("no luck") && reported.contains("panic"), "{reported}");
}

#[tokio::test]
async fn errors_of_the_stream_are_reported_and_the_last_one_is_the_outcome() {
    let (gateway, _) = gateway().await;
    let url = gateway.url().to_owned();
    drop(gateway);
    let retry = RetryPolicy::exponential().max_retries(2).first_delay(std::time::Duration::from_millis(1));
    let client = Client::new(url).unwrap();
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    let handlers = client.events().reconnect(retry).handlers().unwrap();

    let outcome = handlers.on_error(move |_| *counted.lock().unwrap() += 1).run().await;

    assert!(matches!(outcome, Err(Error::Connect { .. })));
    assert_eq!(*count.lock().unwrap(), 3);
    let never = client.events().reconnect(ReconnectPolicy::Never).handlers().unwrap();
    assert!(matches!(never.run_with(std::future::pending::<()>()).await, Err(Error::Connect { .. })));
}
