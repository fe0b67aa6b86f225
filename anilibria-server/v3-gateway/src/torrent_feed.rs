//! The feed of new torrents.

use std::{ops::Range, sync::Arc};

use anilibria_cache::NewValue;
use anilibria_client::{Client, Secret, model::Torrent, request::MAX_LIMIT, v3::Mapping};
use anilibria_http::{LoadFailure, problem::Problem, rendered::with_etag, tag};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    feed_document::{Feed, FeedFormat, FeedItem, item_title},
    gateway::{Gateway, MAX_SCANNED, cached_data},
    key,
    paging::{PageSize, Window},
    parameters::Parameters,
    rendered_response::RenderedResponse,
    selection::is_newer,
};
use crate::host::HostTitles;

/// Default number of items.
const DEFAULT_ITEMS: usize = 10;

/// Name of the generator of the feed.
const GENERATOR: &str = concat!("AniLibria API ", "3.0.14");

impl Gateway {
    /// Returns the newest torrents as a feed, which is at `address`. With a session, the links are personal.
    pub(super) async fn torrent_feed(
        &self,
        parameters: &Parameters<'_>,
        self_link: String,
    ) -> Result<RenderedResponse, Problem> {
        let format = FeedFormat::from_name(parameters.text("rss_type").unwrap_or("rss"));
        let format = format.ok_or_else(|| Problem::invalid("rss_type", "must be `rss`, `atom` or `json`"))?;
        let (window, _) = parameters.window(PageSize::Of(DEFAULT_ITEMS))?;
        let since = parameters.since()?;
        if parameters.session().is_some() {
            let (client, session) = self.client_of(parameters).await?;
            let passkey = self.passkey(&client, &session).await?;
            let document =
                render_feed(&self.titles, format, window, since, self_link, passkey.as_ref()).await?;
            return Ok(
                RenderedResponse::uncached(with_etag(&document)).with_media_type(format.content_type())
            );
        }
        let key = key::list("rss", &format!("{format:?} {window:?} {since:?} {self_link}"));
        let load = move |titles: HostTitles| async move {
            Ok(NewValue::new(with_etag(&render_feed(&titles, format, window, since, self_link, None).await?))
                .tag(tag::LISTS))
        };
        Ok(self.cached(&key, load).await?.with_media_type(format.content_type()))
    }
}

async fn render_feed(
    titles: &HostTitles,
    format: FeedFormat,
    window: Window,
    since: Option<i64>,
    self_link: String,
    passkey: Option<&Secret>,
) -> Result<String, LoadFailure> {
    let client = titles.client();
    // The start of the window does not depend on the number of torrents.
    let (range, _) = window.of(usize::MAX);
    let found = read_torrents(titles, range).await?;
    let newer = found.iter().filter(|torrent| is_newer(uploaded_at(torrent), since));
    let items = newer.filter_map(|torrent| feed_item(client, torrent, passkey).transpose());
    let feed = Feed {
        title: "AniLibria".to_owned(),
        description: "Новые торренты AniLibria".to_owned(),
        link: client.media_url("/").unwrap_or_default(),
        self_link,
        generator: GENERATOR.to_owned(),
        items: items.collect::<Result<_, _>>()?,
    };
    let document = feed.render(format).map_err(|error| LoadFailure::Serialization(Arc::new(error)))?;
    Ok(String::from_utf8_lossy(&document).into_owned())
}

/// Torrents in the order of AniLibria, beginning at a multiple of [`MAX_LIMIT`].
#[derive(Serialize, Deserialize)]
struct TorrentPage {
    /// Total number of torrents.
    total: u64,
    torrents: Vec<Torrent>,
}

/// Returns the newest torrents in this range, at most [`MAX_SCANNED`]. They are cached in chunks, so that the number of
/// calls depends on the number of chunks and not on the requested ranges.
async fn read_torrents(titles: &HostTitles, range: Range<usize>) -> Result<Vec<Torrent>, LoadFailure> {
    let size = MAX_LIMIT as usize;
    let wanted = range.len().clamp(1, MAX_SCANNED as usize);
    let (first, skipped) = (range.start / size, range.start % size);
    let mut found = Vec::new();
    let mut total = torrent_page(titles, 0).await?.total;
    for number in first..=range.start.saturating_add(wanted - 1) / size {
        if number.saturating_mul(size) as u64 >= total {
            break;
        }
        let TorrentPage { total: newer_total, torrents } = torrent_page(titles, number).await?;
        total = newer_total;
        found.extend(torrents);
    }
    Ok(found.into_iter().skip(skipped).take(wanted).collect())
}

async fn torrent_page(titles: &HostTitles, number: usize) -> Result<TorrentPage, LoadFailure> {
    let start = number.saturating_mul(MAX_LIMIT as usize) as u64;
    let load = move |titles: HostTitles| async move {
        let found = titles.client().torrents().list().window(start, MAX_LIMIT).await?;
        Ok(TorrentPage { total: found.total, torrents: found.items })
    };
    cached_data(titles, titles.list_options(), &key::torrents(number), load).await
}

/// Returns the item of a torrent; `None` if the torrent has no title.
fn feed_item(
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
        link: client.media_url(&format!("/anime/releases/release/{}", title.code)).unwrap_or_default(),
        published: uploaded_at(torrent).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        description: title.description.as_ref().and_then(|text| text.as_str()).map(str::to_owned),
        enclosure_url: client.link(file.request())?,
        enclosure_length: torrent.size,
    }))
}

fn uploaded_at(torrent: &Torrent) -> Option<OffsetDateTime> {
    torrent.updated_at.or(torrent.created_at)
}
