//! Long lists and events as iterators.

use std::{collections::BTreeSet, sync::mpsc, thread, time::Duration};

use anilibria_client::{Error, sandbox::Faults, watch::Event};

use crate::fixture::Fixture;

#[test]
fn items_are_those_of_all_pages() {
    let Fixture { client, sandbox } = Fixture::new();
    let call = client.catalog().releases().limit(25);

    let pages: Vec<_> = call.clone().pages().map(|page| page.unwrap().items.len()).collect();
    let items: BTreeSet<_> = call.clone().items().map(|release| release.unwrap().id).collect();
    let window = call.window(10, 30).unwrap();

    assert_eq!(pages, [25, 25, 10]);
    assert_eq!(items.len(), 60);
    assert_eq!((window.items.len(), window.total), (30, 60));
    assert!(sandbox.hits("/anime/catalog/releases") >= 6);
}

#[test]
fn an_iterator_that_is_dropped_requests_no_more_pages() {
    let Fixture { client, sandbox } = Fixture::new();

    let mut items = client.catalog().releases().limit(1).items();
    items.next().unwrap().unwrap();
    drop(items);
    client.app().status().send().unwrap();

    assert!(sandbox.hits("/anime/catalog/releases") <= 2, "one page ahead at most");
}

#[test]
fn an_iterator_ends_after_its_first_error() {
    let Fixture { client, sandbox } = Fixture::new();
    sandbox.set_faults(Faults::new().error_rate(1.0).status(404)).unwrap();

    let mut items = client.catalog().releases().items();

    assert!(matches!(items.next(), Some(Err(Error::NotFound { .. }))));
    assert!(items.next().is_none());
    assert!(items.next().is_none());
}

#[test]
fn events_are_an_iterator() {
    let Fixture { client, sandbox } = Fixture::new();
    let every = Duration::from_millis(5);
    let mut events = client.iter(client.as_async().watch().at_least(every).at_most(every).events());
    let (sender, receiver) = mpsc::channel();
    let watcher = thread::spawn(move || {
        let event = events.next().unwrap().unwrap();
        sender.send(event).unwrap();
        events.cursor()
    });

    // The watcher may read the present after the first of these.
    let event = (0..200).find_map(|_| {
        sandbox.publish_episode(7).unwrap();
        receiver.recv_timeout(Duration::from_millis(50)).ok()
    });

    assert!(matches!(event, Some(Event::NewEpisode { .. })), "{event:?}");
    assert!(watcher.join().unwrap().is_some());
}
