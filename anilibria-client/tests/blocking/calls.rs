//! Calls and their errors.

use std::time::Duration;

use anilibria_client::{
    Client, Error, RetryPolicy,
    model::{CollectionKind, ReleaseId, ReleaseKind, Timecode},
    request::Request,
    sandbox::Faults,
};
use serde::Deserialize;

use crate::fixture::Fixture;

#[test]
fn calls_have_the_setters_of_the_async_client() {
    let Fixture { client, sandbox } = Fixture::new();

    let latest = client.releases().latest().limit(3).exclude(["description"]).send().unwrap();
    let films = client.catalog().releases().kinds([ReleaseKind::Movie]).from_year(2000).send().unwrap();
    let found = client.search(&latest[0].name.main).send().unwrap();

    assert_eq!(latest.len(), 3);
    assert!(films.items.iter().all(|release| release.kind == Some(ReleaseKind::Movie)));
    assert!(found.iter().any(|release| release.id == latest[0].id));
    assert_eq!(sandbox.hits("/anime/releases/latest"), 1);
}

#[test]
fn responses_decode_into_types_of_the_caller() {
    #[derive(Deserialize)]
    struct Card {
        id: u32,
    }
    let Fixture { client, sandbox: _sandbox } = Fixture::new();
    let call = client.releases().get(7).include(["id"]);
    let request: Request = call.request().clone();

    assert_eq!(call.fetch_as::<Card>().unwrap().id, 7);
    assert_eq!(client.fetch::<Card>(&request).unwrap().id, 7);
    assert!(client.fetch_bytes(&request).unwrap().starts_with(b"{"));
    assert!(client.link(&request).unwrap().contains("/anime/releases/7"));
}

#[test]
fn batches_are_sent_one_after_another() {
    let Fixture { client, sandbox } = Fixture::logged_in();
    let episodes = client.releases().get(1).send().unwrap().episodes.unwrap();
    let timecode = Timecode::watched(episodes[0].id, Duration::from_secs(9));

    let favorites = client.favorites().add(1..=250).send().unwrap();
    let left = client.favorites().remove(1..=249).send().unwrap();
    let collections = client.collections().put(CollectionKind::Watched, [5]).send().unwrap();
    client.views().save([timecode]).send().unwrap();
    let many = client.releases().many([7, 9999, 3]).send().unwrap();

    assert_eq!((favorites.len(), left), (250, vec![ReleaseId(250)]));
    assert_eq!(collections[0].kind, CollectionKind::Watched);
    assert_eq!(client.views().timecodes().send().unwrap(), [timecode]);
    assert_eq!(many.iter().map(|release| release.id.get()).collect::<Vec<_>>(), [7, 3]);
    let writes = sandbox.requests().into_iter().filter(|request| request.path.ends_with("/me/favorites"));
    assert_eq!(writes.count(), 6);
    assert!(client.collections().remove([5]).send().unwrap().is_empty());
    client.views().forget([episodes[0].id]).send().unwrap();
    assert!(client.views().timecodes().send().unwrap().is_empty());
}

#[test]
fn errors_are_those_of_the_async_client() {
    let Fixture { client, sandbox } = Fixture::new();
    let impatient =
        Client::builder().mirror(sandbox.api_url()).retry(RetryPolicy::none()).build_blocking().unwrap();

    assert!(client.releases().get(9999).send().unwrap_err().is_not_found());
    assert!(matches!(client.releases().get(u64::MAX).send(), Err(Error::InvalidRequest { .. })));
    assert!(matches!(client.favorites().ids().send(), Err(Error::NoSession)));
    assert!(matches!(client.releases().latest().limit(51).send(), Err(Error::Validation(_))));
    sandbox.set_faults(Faults::new().error_rate(1.0).status(503)).unwrap();
    assert_eq!(impatient.app().status().send().unwrap_err().http_status(), Some(503));
    sandbox.set_faults(Faults::new().latency(Duration::from_mins(1))).unwrap();
    assert!(impatient.app().status().timeout(Duration::from_millis(20)).send().unwrap_err().is_timeout());
}

#[test]
fn settings_are_checked_as_for_the_async_client() {
    let error = Client::builder().mirror("ftp://mirror.example").build_blocking().unwrap_err();

    assert!(matches!(error, Error::Config { setting: "mirror", .. }), "{error}");
}

#[test]
fn mirrors_are_probed_and_listed() {
    let Fixture { client, sandbox: _sandbox } = Fixture::new();

    let probes = client.probe().unwrap();

    assert!(!probes.is_empty() && probes.iter().all(|mirror| mirror.latency.is_ok()));
    assert_eq!(client.mirrors().len(), client.as_async().mirrors().len());
}
