//! Watches for new episodes and prints them; offline it publishes two, and goes on from a saved cursor in between.
//!
//! `cargo run -p anilibria-examples --example watch_releases [-- --live]`

use std::time::Duration;

use anilibria_client::{
    sandbox::Sandbox,
    watch::{Cursor, Event, Events},
};
use anilibria_examples::{Connection, connect};
use futures::StreamExt;
use http::Request;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Connection { client, sandbox } = connect().await?;
    let Some(sandbox) = sandbox else {
        println!("Watching; Ctrl+C ends it.");
        return print(&mut client.watch().events(), usize::MAX).await;
    };

    let watch = client.watch().every(Duration::from_millis(100));
    let mut events = watch.clone().since(watch.present().await?).events();
    publish(&sandbox, 7).await?;
    print(&mut events, 1).await?;

    let saved = events.cursor().unwrap_or_default().to_bytes();
    drop(events);
    publish(&sandbox, 9).await?;
    println!("Restarted from a cursor of {} bytes.", saved.len());
    print(&mut watch.since(Cursor::from_bytes(&saved)?).events(), 1).await
}

/// Prints the next `count` events.
async fn print(events: &mut Events, count: usize) -> anyhow::Result<()> {
    let mut events = events.take(count);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::NewEpisode { release, episode }) => {
                println!("{}: episode {} is out", release.name.main, episode.ordinal);
            }
            Ok(Event::Resync) => println!("changes may have been missed"),
            Ok(event) => println!("{event:?}"),
            Err(error) => eprintln!("{error}; trying again"),
        }
    }
    Ok(())
}

/// Publishes the next episode of a release of the sandbox.
async fn publish(sandbox: &Sandbox, release: u32) -> anyhow::Result<()> {
    let body = format!(r#"{{"release_id": {release}}}"#);
    let response = sandbox.handle(Request::post("/sandbox/episodes").body(body.into())?).await;
    anyhow::ensure!(response.status().is_success(), "the sandbox answered {}", response.status());
    Ok(())
}
