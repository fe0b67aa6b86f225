//! Changes that the service does not move to the front of its list.

use std::time::Duration;

use anilibria_client::{
    sandbox::{Faults, Status},
    watch::Cursor,
};
use futures::StreamExt;
use tokio::time::timeout;

use crate::ground::{Ground, next, short};

#[tokio::test]
async fn program_that_restarts_more_often_than_a_sweep_is_due_receives_changes_away_from_the_front() {
    let ground = Ground::new(200).await;
    let id = ground.announced().await;
    let watch = || ground.watch().sweep_every(Duration::from_millis(600));
    let mut saved = watch().present().await.unwrap().to_bytes();
    ground.sandbox.set_status(id, Status::COMPLETED).unwrap();

    let mut reported = None;
    for _ in 0..30 {
        let mut events = watch().since(Cursor::from_bytes(&saved).unwrap()).events();
        let life = timeout(Duration::from_millis(150), events.next()).await;
        saved = events.cursor().unwrap().to_bytes();
        if let Ok(event) = life {
            reported = event.map(|event| short(&event.unwrap()));
            break;
        }
    }

    assert_eq!(reported, Some(format!("{id} announced -> completed")));
}

#[tokio::test]
async fn failed_sweep_is_repeated_at_once_without_delaying_other_changes_and_a_successful_one_is_not() {
    let ground = Ground::new(200).await;
    let id = ground.announced().await;
    let mut state = serde_json::to_value(ground.watch().present().await.unwrap()).unwrap();
    state["swept"] = serde_json::Value::Null;
    let mut events = ground.watch().since(serde_json::from_value(state).unwrap()).events();
    ground.sandbox.set_status(id, Status::COMPLETED).unwrap();
    ground.sandbox.set_faults(Faults::new().error_rate(1.0).paths(["/anime/catalog/releases"])).unwrap();

    assert!(events.next().await.unwrap().is_err());
    let published = ground.publish(7);
    assert_eq!(next(&mut events, 1).await, [published]);
    assert!(events.next().await.unwrap().is_err());
    ground.sandbox.set_faults(Faults::new()).unwrap();

    assert_eq!(next(&mut events, 1).await, [format!("{id} announced -> completed")]);
    let swept = ground.sandbox.hits("/anime/catalog/releases");
    assert!(timeout(Duration::from_millis(100), events.next()).await.is_err());
    assert_eq!(ground.sandbox.hits("/anime/catalog/releases"), swept);
}
