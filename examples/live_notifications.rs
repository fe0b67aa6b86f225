//! Prints the events of a service from its WebSocket. Offline, a stand-in publishes two episodes and closes the connection in
//! between.
//!
//! `cargo run -p anilibria-examples --example live_notifications [-- --url https://host]`

use anilibria_client::{
    live::{CatalogEvent, Event, Kind, Live},
    sandbox::live::LiveSandbox,
};
use futures::StreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--url");
    if let Some(url) = arguments.nth(1) {
        println!("Waiting for events; stop with Ctrl+C.");
        return print(&mut Live::builder(url).kinds(Kind::FEED).build()?, usize::MAX).await;
    }

    let service = LiveSandbox::start().await?;
    let live = Live::builder(service.url()).kinds(Kind::FEED).since(service.last_event_id());
    let mut live = live.build()?;
    service.new_episode(9000, 7.0, "Sword Art Online");
    print(&mut live, 1).await?;

    service.hang_up();
    service.new_episode(9000, 8.0, "Sword Art Online");
    print(&mut live, 1).await
}

/// Prints the next `count` events.
async fn print(live: &mut Live, mut count: usize) -> anyhow::Result<()> {
    while count > 0 {
        match live.next().await {
            Some(Ok(event)) => {
                println!("{}", line(&event));
                count -= 1;
            }
            Some(Err(error)) => eprintln!("{error}; reconnecting"),
            None => anyhow::bail!("the service cannot be reached"),
        }
    }
    Ok(())
}

fn line(event: &Event) -> String {
    let title = event.title().unwrap_or("a release");
    match event {
        Event::NewEpisode(event) => format!("{title}: episode {} is out", event.ordinal),
        Event::EpisodeUpdate(event) => format!("{title}: episode {} has changed", event.ordinal),
        Event::NewRelease(_) => format!("{title} is new"),
        Event::Missed { count: Some(count) } => format!("{count} events were missed"),
        Event::Missed { count: None } => "events may have been missed".to_owned(),
        other => format!("{other:?}"),
    }
}
