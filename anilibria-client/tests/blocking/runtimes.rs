//! Threads, other runtimes, and the end of the runtime of a client.

use std::{future::pending, sync::mpsc, thread, time::Duration};

use anilibria_client::{
    Error,
    blocking::{Client, Runtime},
};

use crate::fixture::Fixture;

#[test]
fn a_client_is_used_by_many_threads_at_once() {
    let Fixture { client, sandbox } = Fixture::new();

    thread::scope(|scope| {
        for id in 1..=8_u32 {
            let client = client.clone();
            scope.spawn(move || {
                for _ in 0..5 {
                    assert_eq!(client.releases().get(id).send().unwrap().id.get(), id);
                }
            });
        }
    });

    assert_eq!(sandbox.request_count(), 40);
}

#[tokio::test]
async fn a_client_works_inside_of_a_runtime_of_one_thread() {
    let Fixture { client, sandbox: _sandbox } = Fixture::new();

    assert_eq!(client.releases().latest().limit(2).send().unwrap().len(), 2);
    assert_eq!(client.catalog().releases().items().count(), 60);
    drop(client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_works_inside_of_a_task_of_a_runtime_of_many_threads() {
    let fixture = tokio::task::spawn_blocking(Fixture::new).await.unwrap();
    let client = fixture.client.clone();

    let latest = tokio::spawn(async move { client.releases().latest().limit(2).send() }).await.unwrap();

    assert_eq!(latest.unwrap().len(), 2);
}

#[test]
fn a_call_inside_of_its_own_runtime_is_refused() {
    let Fixture { client, sandbox } = Fixture::new();
    let inner = client.clone();

    let error = client.block_on(async move { inner.app().status().send() }).unwrap().unwrap_err();

    assert!(matches!(error, Error::InvalidRequest { .. }), "{error}");
    assert_eq!(sandbox.request_count(), 0);
}

#[test]
fn a_panic_of_a_future_is_an_error_and_the_client_goes_on() {
    let Fixture { client, sandbox: _sandbox } = Fixture::new();

    let error = client.block_on(async { panic!("on purpose") }).unwrap_err();

    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert!(client.app().status().send().is_ok());
}

/// Starts a task that never ends, and returns a channel that closes when the task is dropped.
fn endless_task(runtime: &Runtime) -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    runtime
        .block_on(async move {
            tokio::spawn(async move {
                let _sender = sender;
                pending::<()>().await;
            });
        })
        .unwrap();
    receiver
}

#[test]
fn the_thread_ends_with_the_last_clone_call_and_iterator() {
    let client = Client::new().unwrap();
    let task = endless_task(client.runtime());
    let (clone, call) = (client.clone(), client.app().status());
    let items = client.catalog().releases().items();
    let is_running = || task.try_recv() == Err(mpsc::TryRecvError::Empty);

    drop(client);
    assert!(is_running());
    drop((clone, call));
    assert!(is_running());
    drop(items);

    assert_eq!(task.try_recv(), Err(mpsc::TryRecvError::Disconnected));
}

#[test]
fn the_last_clone_may_be_dropped_on_the_thread_itself() {
    let runtime = Runtime::start().unwrap();
    let task = endless_task(&runtime);
    let (sender, receiver) = mpsc::channel::<()>();
    let last = runtime.clone();

    runtime
        .block_on(async move {
            tokio::spawn(async move {
                let _ = tokio::task::spawn_blocking(move || receiver.recv()).await;
                drop(last);
            });
        })
        .unwrap();
    drop(runtime);
    drop(sender);

    assert_eq!(task.recv_timeout(Duration::from_secs(10)), Err(mpsc::RecvTimeoutError::Disconnected));
}
