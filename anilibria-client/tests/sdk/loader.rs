//! [`ReleaseLoader`]: concurrent loads share requests.

use std::time::Duration;

use anilibria_client::{
    Client, RateLimit, RetryPolicy,
    loader::ReleaseLoader,
    model::ReleaseId,
    sandbox::{Faults, RunningSandbox, Sandbox},
};
use futures::{FutureExt as _, future};

/// A sandbox with 120 releases whose responses take a moment, and a loader of its releases.
async fn start() -> (RunningSandbox, ReleaseLoader) {
    let sandbox = Sandbox::builder().releases(120).build();
    sandbox.set_faults(Faults::new().latency(Duration::from_millis(20))).unwrap();
    let sandbox = sandbox.start().await.unwrap();
    let client = Client::builder().mirror(sandbox.api_url()).rate_limit(RateLimit::per_second(1000));
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    (sandbox, ReleaseLoader::new(client))
}

#[tokio::test]
async fn single_load_requests_one_release() {
    let (sandbox, loader) = start().await;

    let release = loader.load(ReleaseId(7)).await.unwrap().unwrap();

    assert_eq!(release.id, ReleaseId(7));
    assert!(release.episodes.is_some() && release.torrents.is_some());
    assert_eq!(sandbox.hits("/anime/releases/7"), 1);
    assert_eq!(sandbox.request_count(), 1);
}

#[tokio::test]
async fn concurrent_loads_share_requests() {
    let (sandbox, loader) = start().await;

    let loads = (1..=120).map(|id| loader.load(ReleaseId(id)));
    let releases = future::try_join_all(loads).await.unwrap();

    let ids: Vec<_> = releases.into_iter().map(|release| release.unwrap().id.get()).collect();
    assert_eq!(ids, (1..=120).collect::<Vec<_>>());
    // Two single requests start at once. The other ids wait and fill three lists of at most 50.
    assert_eq!(sandbox.hits("/anime/releases/list"), 3);
    assert_eq!(sandbox.request_count(), 5);
}

#[tokio::test]
async fn load_joins_only_requests_that_have_not_started() {
    let (sandbox, loader) = start().await;

    let loads = future::try_join_all((0..100).map(|_| loader.load(ReleaseId(7)))).await.unwrap();

    assert!(loads.iter().all(Option::is_some));
    // Two requests start at once, and all other loads share the third.
    assert_eq!(sandbox.hits("/anime/releases/7"), 3);
    assert_eq!(sandbox.request_count(), 3);
}

#[tokio::test]
async fn list_keeps_its_order_and_leaves_out_unknown_ids() {
    let (_sandbox, loader) = start().await;

    let releases = loader.load_many([9, 9999, 3, 7].map(ReleaseId)).await.unwrap();

    assert_eq!(releases.iter().map(|release| release.id.get()).collect::<Vec<_>>(), [9, 3, 7]);
    assert!(loader.load(ReleaseId(9999)).await.unwrap().is_none());
}

#[tokio::test]
async fn failed_request_fails_its_loads_and_no_later_one() {
    let (sandbox, loader) = start().await;
    sandbox.set_faults(Faults::new().error_rate(1.0)).unwrap();

    let loads = future::join_all([1, 2, 3, 4].map(|id| loader.load(ReleaseId(id)))).await;
    sandbox.set_faults(Faults::new()).unwrap();

    assert!(loads.iter().all(|load| matches!(load, Err(error) if error.is_transient())), "{loads:?}");
    assert!(loader.load(ReleaseId(3)).await.unwrap().is_some());
}

#[tokio::test]
async fn dropped_load_does_not_affect_others() {
    let (sandbox, loader) = start().await;
    let mut first = loader.load(ReleaseId(1)).boxed();
    let mut second = loader.load(ReleaseId(1)).boxed();
    // The first load starts the request, the second one joins it.
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());

    drop(first);

    assert!(second.await.unwrap().is_some());
    assert_eq!(sandbox.request_count(), 1);
}
