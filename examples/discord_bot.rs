//! A Discord bot that announces new episodes. Offline, the sandbox publishes an episode and a stand-in takes the message.
//!
//! `DISCORD_TOKEN=… DISCORD_CHANNEL=123 cargo run -p anilibria-examples --example discord_bot -- --live`

use std::{env, path::PathBuf, time::Duration};

use anilibria_examples::{Announcement, Announcer, Connection, connect};
use anyhow::Context;
use twilight_http::Client as Discord;
use twilight_model::{
    channel::message::AllowedMentions,
    id::{Id, marker::ChannelMarker},
};
use twilight_util::builder::embed::{EmbedBuilder, ImageSource};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    installed.ok().context("there is a TLS provider already")?;
    let Connection { client, sandbox } = connect().await?;
    let Some(sandbox) = sandbox else {
        let discord = Discord::new(env::var("DISCORD_TOKEN").context("DISCORD_TOKEN is not set")?);
        let channel = env::var("DISCORD_CHANNEL").context("DISCORD_CHANNEL is not set")?;
        let channel = channel.parse().context("DISCORD_CHANNEL is not the id of a channel")?;
        let position = PathBuf::from("discord_bot.position");
        let mut announcer = Announcer::start(&client, client.watch(), Some(position)).await?;
        return announcer.run(usize::MAX, async |news| send(&discord, channel, news).await).await;
    };

    let mut server = mockito::Server::new_async().await;
    let sent = server.mock("POST", "/api/v10/channels/5/messages").with_body_from_request(|request| {
        println!("Discord received {}", request.utf8_lossy_body().unwrap_or_default());
        "{}".into()
    });
    let sent = sent.create_async().await;
    let discord = Discord::builder().proxy(server.host_with_port(), true).token("TOKEN".to_owned()).build();

    let watch = client.watch().every(Duration::from_millis(100));
    let mut announcer = Announcer::start(&client, watch, None).await?;
    sandbox.publish_episode(7)?;
    announcer.run(1, async |news| send(&discord, Id::new(5), news).await).await?;
    sent.assert_async().await;
    Ok(())
}

/// Sends an announcement with the poster. The client waits by itself where Discord limits requests.
async fn send(discord: &Discord, channel: Id<ChannelMarker>, news: &Announcement) -> anyhow::Result<()> {
    let mut embed = EmbedBuilder::new().title(&news.text);
    if let Some(page) = &news.page {
        embed = embed.url(page);
    }
    if let Some(poster) = &news.poster {
        embed = embed.image(ImageSource::url(poster)?);
    }
    let embed = embed.build();
    let message = discord.create_message(channel).embeds(std::slice::from_ref(&embed));
    message
        .allowed_mentions(Some(&AllowedMentions::default()))
        .await
        .context("Discord refused the message")?;
    Ok(())
}
