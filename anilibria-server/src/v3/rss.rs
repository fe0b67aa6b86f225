//! The feed of new torrents.

use std::sync::Arc;

use anilibria_cache::Loaded;
use anilibria_client::{Client, Secret, model::Torrent, v3::Mapping};
use time::OffsetDateTime;

use super::{
    answer::Answer,
    ask::Ask,
    feed_document::{Feed, FeedFormat, FeedItem, item_title},
    gateway::Gateway,
    key,
    paging::{PageSize, Window},
    selection::{LOOKED_THROUGH, is_newer},
};
use crate::{
    problem::Problem,
    rendered::seal,
    tag,
    titles::{LoadFailure, Titles},
};

/// Items when nothing is said.
const ITEMS: usize = 10;

/// What the feed calls its maker.
const GENERATOR: &str = concat!("AniLibria API ", "3.0.14");

impl Gateway {
    /// The newest torrents, as a feed. With a session, the links are personal.
    pub(super) async fn torrent_feed(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let format = FeedFormat::named(ask.text("rss_type").unwrap_or("rss"));
        let format = format.ok_or_else(|| Problem::invalid("rss_type", "must be rss, atom or json"))?;
        let (window, _) = ask.window(PageSize::Of(ITEMS))?;
        let since = ask.since()?;
        if ask.session().is_some() {
            let (client, session) = self.client_of(ask).await?;
            let passkey = self.passkey(&client, &session).await?;
            let document = document(&self.titles, format, window, since, passkey.as_ref()).await?;
            return Ok(Answer::once(seal(&document)).of_type(format.content_type()));
        }
        let key = key::list("rss", &format!("{format:?} {window:?} {since:?}"));
        let load = move |titles: Titles| async move {
            Ok(Loaded::new(seal(&document(&titles, format, window, since, None).await?)).tag(tag::LISTS))
        };
        Ok(self.cached(&key, load).await?.of_type(format.content_type()))
    }
}

async fn document(
    titles: &Titles,
    format: FeedFormat,
    window: Window,
    since: Option<i64>,
    passkey: Option<&Secret>,
) -> Result<String, LoadFailure> {
    let client = titles.client();
    // However many torrents there are, the window begins in the same place.
    let (range, _) = window.of(usize::MAX);
    let wanted = u32::try_from(range.len()).unwrap_or(u32::MAX).clamp(1, LOOKED_THROUGH);
    let found = client.torrents().list().window(range.start as u64, wanted).await?;
    let newer = found.items.iter().filter(|torrent| is_newer(uploaded(torrent), since));
    let items = newer.filter_map(|torrent| item(client, torrent, passkey).transpose());
    let feed = Feed {
        title: "AniLibria".to_owned(),
        description: "Новые торренты AniLibria".to_owned(),
        page: client.media_url("/").unwrap_or_default(),
        address: client.link(client.torrents().rss().request())?,
        generator: GENERATOR.to_owned(),
        items: items.collect::<Result<_, _>>()?,
    };
    let document = feed.render(format).map_err(|error| LoadFailure::Unwritable(Arc::new(error)))?;
    Ok(String::from_utf8_lossy(&document).into_owned())
}

/// The item of a torrent; `None` when it does not say what it is of.
fn item(
    client: &Client,
    torrent: &Torrent,
    passkey: Option<&Secret>,
) -> Result<Option<FeedItem>, LoadFailure> {
    let Some(release) = &torrent.release else { return Ok(None) };
    let mut release = release.clone();
    release.torrents = Some(vec![torrent.clone()]);
    let title = Mapping::new(&release).title();
    let Some(one) = title.torrents.list.first() else { return Ok(None) };
    let mut file = client.torrents().file(torrent.id);
    if let Some(passkey) = passkey {
        file = file.passkey(passkey.clone());
    }
    Ok(Some(FeedItem {
        torrent_id: torrent.id.get(),
        title: item_title(
            &title.names.ru,
            title.names.en.as_deref(),
            one.episodes.string.as_deref(),
            Some(&one.quality.string),
        ),
        page: client.media_url(&format!("/anime/releases/release/{}", title.code)).unwrap_or_default(),
        published: uploaded(torrent).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        description: title.description.as_ref().and_then(|text| text.as_str()).map(str::to_owned),
        file: client.link(file.request())?,
        size: torrent.size,
    }))
}

fn uploaded(torrent: &Torrent) -> Option<OffsetDateTime> {
    torrent.updated_at.or(torrent.created_at)
}
