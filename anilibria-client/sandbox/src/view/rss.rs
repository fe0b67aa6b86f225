//! Rendering of torrents as an RSS 2.0 feed.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::View;
use crate::catalog::Release;
use crate::site::API_ROOT;
use crate::xml::escape;

impl View<'_> {
    /// URL of the page of a release on the web site.
    pub(crate) fn page(&self, release: &Release) -> String {
        format!("{}/anime/releases/release/{}", self.site.origin(), release.alias)
    }

    /// Renders a feed of torrents. With a passkey, its links are personal.
    pub(crate) fn feed<'r>(
        &self,
        title: &str,
        torrents: impl Iterator<Item = (&'r Release, usize)>,
        passkey: Option<&str>,
    ) -> String {
        let mut feed = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>{}</title>\
             <link>{}</link><description>{}</description><language>ru</language>",
            escape(title),
            escape(self.site.origin()),
            escape(title),
        );
        for (release, place) in torrents {
            self.write_item(&mut feed, release, place, passkey);
        }
        feed.push_str("</channel></rss>\n");
        feed
    }

    fn write_item(&self, feed: &mut String, release: &Release, place: usize, passkey: Option<&str>) {
        let Some(torrent) = release.torrents.get(place) else {
            return;
        };
        let details = release.torrent_details(place, torrent);
        let page = self.page(release);
        let length = release.torrent_info(place, &details).file(&page, details.created_at, passkey).len();
        let hash = torrent.hex();
        let personal = passkey.map(|passkey| format!("?pk={passkey}")).unwrap_or_default();
        let file = format!("{}{API_ROOT}/anime/torrents/{hash}/file{personal}", self.site.origin());
        let date = OffsetDateTime::from_unix_timestamp(torrent.updated_at).ok();
        let date = date.and_then(|date| date.format(&Rfc2822).ok()).unwrap_or_default();
        // Writing into a string cannot fail.
        let _ = write!(
            feed,
            "<item><title>{}</title><link>{}</link><guid isPermaLink=\"false\">{hash}</guid>\
             <pubDate>{date}</pubDate><description>{}</description>\
             <enclosure url=\"{}\" length=\"{length}\" type=\"application/x-bittorrent\"/></item>",
            escape(&format!("{} | {}", release.title.main, details.label)),
            escape(&page),
            escape(&details.description),
            escape(&file),
        );
    }
}
