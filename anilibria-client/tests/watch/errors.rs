//! A service that fails: the stream reports the error, waits and continues.

use std::time::Duration;

use anilibria_client::{Error, sandbox::Faults};
use futures::StreamExt;
use tokio::time::timeout;

use crate::fixture::{Fixture, next, read_present};

#[tokio::test]
async fn failing_service_is_reported_and_nothing_is_lost_when_it_is_back() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    fixture.sandbox.set_faults(Faults::new().error_rate(1.0)).unwrap();
    let published = fixture.publish(7);

    for _ in 0..3 {
        let error = events.next().await.unwrap().unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
    fixture.sandbox.set_faults(Faults::new()).unwrap();

    assert_eq!(next(&mut events, 1).await, [published]);
}

#[tokio::test]
async fn failure_between_the_list_and_the_details_loses_nothing() {
    let fixture = Fixture::new(60).await;
    let mut events = fixture.events().await;
    fixture.sandbox.set_faults(Faults::new().error_rate(1.0).paths(["/anime/releases/list"])).unwrap();
    let published = fixture.publish(7);

    assert!(events.next().await.unwrap().is_err());
    fixture.sandbox.set_faults(Faults::new()).unwrap();

    assert_eq!(next(&mut events, 1).await, [published]);
}

#[tokio::test]
async fn start_without_a_service_takes_the_present_as_known_once_it_is_there() {
    let fixture = Fixture::new(60).await;
    fixture.sandbox.set_faults(Faults::new().drop(true)).unwrap();
    let mut events = fixture.watch().events();

    let error = events.next().await.unwrap().unwrap_err();
    assert!(!matches!(error, Error::Decode { .. }), "{error:?}");
    assert!(events.cursor().is_none());
    fixture.sandbox.set_faults(Faults::new()).unwrap();
    read_present(&mut events).await;
    let published = fixture.publish(7);

    assert_eq!(next(&mut events, 1).await, [published]);
}

#[tokio::test]
async fn no_interval_is_too_long_or_too_short() {
    let fixture = Fixture::new(20).await;
    for interval in [Duration::ZERO, Duration::MAX] {
        let watch =
            fixture.watch().every(interval).at_least(interval).at_most(interval).sweep_every(interval);
        let mut events = watch.events();

        read_present(&mut events).await;

        assert!(timeout(Duration::from_millis(50), events.next()).await.is_err());
    }
    let mut events = fixture.watch().every(Duration::MAX).events();
    read_present(&mut events).await;
    assert!(timeout(Duration::from_millis(50), events.next()).await.is_err());
}
