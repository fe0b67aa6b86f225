//! A service that fails: the stream reports the error, waits and continues.

use std::time::Duration;

use anilibria_client::{Error, sandbox::Faults};
use futures::StreamExt;
use tokio::time::timeout;

use crate::ground::{Ground, next, settled};

#[tokio::test]
async fn failing_service_is_reported_and_nothing_is_lost_when_it_is_back() {
    let ground = Ground::new(60).await;
    let mut events = ground.events().await;
    ground.sandbox.set_faults(Faults::new().error_rate(1.0)).unwrap();
    let published = ground.publish(7);

    for _ in 0..3 {
        let error = events.next().await.unwrap().unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
    ground.sandbox.set_faults(Faults::new()).unwrap();

    assert_eq!(next(&mut events, 1).await, [published]);
}

#[tokio::test]
async fn failure_between_the_list_and_the_details_loses_nothing() {
    let ground = Ground::new(60).await;
    let mut events = ground.events().await;
    ground.sandbox.set_faults(Faults::new().error_rate(1.0).paths(["/anime/releases/list"])).unwrap();
    let published = ground.publish(7);

    assert!(events.next().await.unwrap().is_err());
    ground.sandbox.set_faults(Faults::new()).unwrap();

    assert_eq!(next(&mut events, 1).await, [published]);
}

#[tokio::test]
async fn start_without_a_service_takes_the_present_as_known_once_it_is_there() {
    let ground = Ground::new(60).await;
    ground.sandbox.set_faults(Faults::new().drop(true)).unwrap();
    let mut events = ground.watch().events();

    let error = events.next().await.unwrap().unwrap_err();
    assert!(!matches!(error, Error::Decode { .. }), "{error:?}");
    assert!(events.cursor().is_none());
    ground.sandbox.set_faults(Faults::new()).unwrap();
    settled(&mut events).await;
    let published = ground.publish(7);

    assert_eq!(next(&mut events, 1).await, [published]);
}

#[tokio::test]
async fn no_interval_is_too_long_or_too_short() {
    let ground = Ground::new(20).await;
    for interval in [Duration::ZERO, Duration::MAX] {
        let watch = ground.watch().every(interval).at_least(interval).at_most(interval).sweep_every(interval);
        let mut events = watch.events();

        settled(&mut events).await;

        assert!(timeout(Duration::from_millis(50), events.next()).await.is_err());
    }
    let mut events = ground.watch().every(Duration::MAX).events();
    settled(&mut events).await;
    assert!(timeout(Duration::from_millis(50), events.next()).await.is_err());
}
