//! Changes that the service does not move to the front of its list.

use std::time::Duration;

use anilibria_client::{
    sandbox::{Faults, Status},
    watch::Cursor,
};
use futures::StreamExt;
use tokio::time::timeout;

use crate::fixture::{Fixture, next, summary};

#[tokio::test]
async fn program_that_restarts_more_often_than_a_sweep_is_due_receives_changes_away_from_the_front() {
    let fixture = Fixture::new(200).await;
    let id = fixture.announced().await;
    let watch = || fixture.watch().sweep_every(Duration::from_millis(600));
    let mut saved = watch().present().await.unwrap().to_bytes();
    fixture.sandbox.set_status(id, Status::COMPLETED).unwrap();

    let mut reported = None;
    for _ in 0..30 {
        let mut events = watch().since(Cursor::from_bytes(&saved).unwrap()).events();
        let life = timeout(Duration::from_millis(150), events.next()).await;
        saved = events.cursor().unwrap().to_bytes();
        if let Ok(event) = life {
            reported = event.map(|event| summary(&event.unwrap()));
            break;
        }
    }

    assert_eq!(reported, Some(format!("{id} announced -> completed")));
}

#[tokio::test]
async fn failed_sweep_is_repeated_at_once_without_delaying_other_changes_and_a_successful_one_is_not() {
    let fixture = Fixture::new(200).await;
    let id = fixture.announced().await;
    let mut state = serde_json::to_value(fixture.watch().present().await.unwrap()).unwrap();
    state["swept"] = serde_json::Value::Null;
    let mut events = fixture.watch().since(serde_json::from_value(state).unwrap()).events();
    fixture.sandbox.set_status(id, Status::COMPLETED).unwrap();
    fixture.sandbox.set_faults(Faults::new().error_rate(1.0).paths(["/anime/catalog/releases"])).unwrap();

    assert!(events.next().await.unwrap().is_err());
    let published = fixture.publish(7);
    assert_eq!(next(&mut events, 1).await, [published]);
    assert!(events.next().await.unwrap().is_err());
    fixture.sandbox.set_faults(Faults::new()).unwrap();

    assert_eq!(next(&mut events, 1).await, [format!("{id} announced -> completed")]);
    let swept = fixture.sandbox.hits("/anime/catalog/releases");
    assert!(timeout(Duration::from_millis(100), events.next()).await.is_err());
    assert_eq!(fixture.sandbox.hits("/anime/catalog/releases"), swept);
}
