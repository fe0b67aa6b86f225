//! A bot for the old API v3: prints episodes as they come out; offline, a stand-in lets two come out.
//!
//! `cargo run -p anilibria-examples --example v3_bot [-- --url https://gateway.example]`

use anilibria_client::v3::{Client, Connect, Handlers, StandIn, TitleEpisode};
use tokio::sync::mpsc::{Sender, channel};

/// What the bot has to say.
enum Line {
    Connected(String),
    Episode(String),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (say, mut lines) = channel(16);
    let mut arguments = std::env::args().skip_while(|argument| argument != "--url");
    if let Some(url) = arguments.nth(1) {
        println!("Listening; Ctrl+C ends it.");
        let print = async move {
            while let Some(Line::Connected(line) | Line::Episode(line)) = lines.recv().await {
                println!("{line}");
            }
        };
        return Ok(bot(&Client::new(url)?, say)?.run_with(print).await?);
    }

    let gateway = StandIn::start().await?;
    let bot = bot(&Client::new(gateway.url())?, say)?;
    let episodes = bot.run_with(async move {
        let mut episodes = 0;
        while episodes < 2 {
            match lines.recv().await {
                // Whoever is not connected is not told.
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
    anyhow::ensure!(episodes.await? == 2, "the bot went silent");
    Ok(())
}

/// What the bot does about what it hears.
fn bot(client: &Client, say: Sender<Line>) -> anilibria_client::Result<Handlers> {
    let (site, told) = (client.clone(), say.clone());
    let greet = move |service: Connect| {
        let say = say.clone();
        async move { say.send(Line::Connected(format!("connected, API {}", service.api_version))).await }
    };
    let announce = move |TitleEpisode { title, episode, .. }: TitleEpisode| {
        let (url, say) = (site.title_url(&title), told.clone());
        let line = format!("{}: episode {} is out, {url}", title.names.ru, episode.episode);
        async move { say.send(Line::Episode(line)).await }
    };
    let handlers = client.events().handlers()?.on(greet).on(announce);
    Ok(handlers.on_error(|error| eprintln!("{error}; going on")))
}
