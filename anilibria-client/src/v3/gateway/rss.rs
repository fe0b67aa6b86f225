//! The feed of torrents, with the minimum of elements.

use http::StatusCode;
use serde_json::json;

use super::{params::Params, route_response::RouteResponse, state::State};
use crate::sandbox::xml::escape;

/// Default number of torrents in a feed.
const COUNT: usize = 10;

pub(super) fn respond(state: &State, params: &Params) -> RouteResponse {
    let titles = state.titles();
    let torrents =
        titles.iter().flat_map(|title| title.torrents.list.iter().map(move |torrent| (title, torrent)));
    let after = params.count("after").unwrap_or_default();
    let torrents = torrents.skip(after).take(params.count("limit").unwrap_or(COUNT));
    let items = torrents.map(|(title, torrent)| (escape(&title.names.ru), escape(&torrent.url)));
    let (content_type, body) = match params.text("rss_type") {
        Some("json") => {
            let items: Vec<_> = items.map(|(title, url)| json!({"title": title, "url": url})).collect();
            let feed = json!({"version": "https://jsonfeed.org/version/1", "items": items});
            ("application/feed+json", feed.to_string())
        }
        Some("atom") => {
            let entries =
                items.map(|(title, url)| format!("<entry><title>{title}</title><id>{url}</id></entry>"));
            let feed =
                format!("<feed xmlns=\"http://www.w3.org/2005/Atom\">{}</feed>", entries.collect::<String>());
            ("application/atom+xml", feed)
        }
        _ => {
            let items =
                items.map(|(title, url)| format!("<item><title>{title}</title><link>{url}</link></item>"));
            let feed = format!("<rss version=\"2.0\"><channel>{}</channel></rss>", items.collect::<String>());
            ("application/rss+xml", feed)
        }
    };
    RouteResponse { status: StatusCode::OK, content_type, body }
}
