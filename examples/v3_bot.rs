//! A bot for the old API v3 that prints new episodes. Offline, a stand-in publishes two.
//!
//! `cargo run -p anilibria-examples --example v3_bot [-- --url https://gateway.example]`

use anilibria_client::v3::{Client, Connect, Handlers, SandboxGateway, TitleEpisode};
use tokio::sync::mpsc::{Sender, channel};

/// A line of output.
enum Line {
    Connected(String),
    Episode(String),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (output, mut lines) = channel(16);
    let mut arguments = std::env::args().skip_while(|argument| argument != "--url");
    if let Some(url) = arguments.nth(1) {
        println!("Waiting for events; stop with Ctrl+C.");
        let print = async move {
            while let Some(Line::Connected(line) | Line::Episode(line)) = lines.recv().await {
                println!("{line}");
            }
        };
        return Ok(bot(&Client::new(url)?, output)?.run_with(print).await?);
    }

    let gateway = SandboxGateway::start().await?;
    let bot = bot(&Client::new(gateway.url())?, output)?;
    let episodes = bot.run_with(async move {
        let mut episodes = 0;
        while episodes < 2 {
            match lines.recv().await {
                // Only connected clients are notified.
                Some(Line::Connected(line)) => {
                    println!("{line}");
                    gateway.new_episode(7);
                    gateway.new_episode(9);
                }
                Some(Line::Episode(line)) => {
                    println!("{line}");
                    episodes += 1;
                }
                None => break,
            }
        }
        episodes
    });
    anyhow::ensure!(episodes.await? == 2, "the bot ended early");
    Ok(())
}

/// Returns the handlers of the bot, which send lines to `output`.
fn bot(client: &Client, output: Sender<Line>) -> anilibria_client::Result<Handlers> {
    let (site, episodes) = (client.clone(), output.clone());
    let greet = move |service: Connect| {
        let output = output.clone();
        async move { output.send(Line::Connected(format!("connected, API {}", service.api_version))).await }
    };
    let announce = move |TitleEpisode { title, episode, .. }: TitleEpisode| {
        let (url, output) = (site.title_url(&title), episodes.clone());
        let line = format!("{}: episode {} is out, {url}", title.names.ru, episode.episode);
        async move { output.send(Line::Episode(line)).await }
    };
    let handlers = client.events().handlers()?.on(greet).on(announce);
    Ok(handlers.on_error(|error| eprintln!("{error}")))
}
