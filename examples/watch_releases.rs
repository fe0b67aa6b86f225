//! Prints new episodes. Offline, it publishes two episodes and resumes from a saved cursor in between.
//!
//! `cargo run -p anilibria-examples --example watch_releases [-- --live]`

use std::time::Duration;

use anilibria_client::watch::{Cursor, Event, Events};
use anilibria_examples::{Connection, connect};
use futures::StreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Connection { client, sandbox } = connect().await?;
    let Some(sandbox) = sandbox else {
        println!("Waiting for events; stop with Ctrl+C.");
        return print(&mut client.watch().events(), usize::MAX).await;
    };

    let watch = client.watch().every(Duration::from_millis(100));
    let mut events = watch.clone().since(watch.present().await?).events();
    sandbox.publish_episode(7)?;
    print(&mut events, 1).await?;

    let saved = events.cursor().unwrap_or_default().to_bytes();
    drop(events);
    sandbox.publish_episode(9)?;
    println!("Resumed from a cursor of {} bytes.", saved.len());
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
            Ok(Event::Resync) => println!("events may have been missed"),
            Ok(event) => println!("{event:?}"),
            Err(error) => eprintln!("{error}; polling again"),
        }
    }
    Ok(())
}
