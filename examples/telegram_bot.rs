//! A Telegram bot that announces new episodes. Offline, the sandbox publishes an episode and a stand-in takes the message.
//!
//! `TELEGRAM_TOKEN=… TELEGRAM_CHAT=@channel cargo run -p anilibria-examples --example telegram_bot -- --live`

use std::{env, path::PathBuf, time::Duration};

use anilibria_examples::{Announcement, Announcer, Connection, connect};
use anyhow::Context;
use teloxide_core::{
    Bot, RequestError,
    payloads::SendMessageSetters,
    prelude::Requester,
    types::{ChatId, ParseMode, Recipient},
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Connection { client, sandbox } = connect().await?;
    let Some(sandbox) = sandbox else {
        let bot = Bot::new(env::var("TELEGRAM_TOKEN").context("TELEGRAM_TOKEN is not set")?);
        let chat = env::var("TELEGRAM_CHAT").context("TELEGRAM_CHAT is not set")?;
        let chat = match chat.parse() {
            Ok(id) => Recipient::Id(ChatId(id)),
            Err(_) => Recipient::ChannelUsername(chat),
        };
        let position = PathBuf::from("telegram_bot.position");
        let mut announcer = Announcer::start(&client, client.watch(), Some(position)).await?;
        return announcer.run(usize::MAX, async |news| send(&bot, &chat, news).await).await;
    };

    let mut telegram = mockito::Server::new_async().await;
    let busy = telegram.mock("POST", "/botTOKEN/SendMessage").with_status(429).with_body(TOO_MANY_REQUESTS);
    let busy = busy.create_async().await;
    let sent = telegram.mock("POST", "/botTOKEN/SendMessage").with_body_from_request(|request| {
        println!("Telegram received {}", request.utf8_lossy_body().unwrap_or_default());
        SENT.into()
    });
    let sent = sent.create_async().await;
    let bot = Bot::new("TOKEN").set_api_url(telegram.url().parse()?);
    let chat = Recipient::ChannelUsername("@episodes".to_owned());

    let watch = client.watch().every(Duration::from_millis(100));
    let mut announcer = Announcer::start(&client, watch, None).await?;
    sandbox.publish_episode(7)?;
    announcer.run(1, async |news| send(&bot, &chat, news).await).await?;
    busy.assert_async().await;
    sent.assert_async().await;
    Ok(())
}

/// Sends an announcement. Telegram shows the picture of the page that the message links to.
async fn send(bot: &Bot, chat: &Recipient, news: &Announcement) -> anyhow::Result<()> {
    let text = match &news.page {
        Some(page) => format!("<a href=\"{page}\">{}</a>", escape(&news.text)),
        None => escape(&news.text),
    };
    match bot.send_message(chat.clone(), text).parse_mode(ParseMode::Html).await {
        Err(RequestError::RetryAfter(wait)) => {
            tokio::time::sleep(wait.duration()).await;
            anyhow::bail!("Telegram was busy for {wait}")
        }
        result => result.map(drop).context("Telegram refused the message"),
    }
}

/// Escapes the characters that have a meaning in HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const TOO_MANY_REQUESTS: &str =
    r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":1}}"#;
const SENT: &str = r#"{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":-1,"type":"channel","title":"Episodes"},"text":"-"}}"#;
