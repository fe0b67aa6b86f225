//! `/anime/torrents/{torrent}/file`: download of a torrent file.

use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::operation::{Call, Route};
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] = &[Route::get("/anime/torrents/{torrent}/file", file)];

fn file(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let not_found = || Problem::not_found("Torrent not found.");
    let (release, place) = catalog.find_torrent(call.segment("torrent")).ok_or_else(not_found)?;
    let torrent = release.torrents.get(place).ok_or_else(not_found)?;
    let details = release.torrent_details(place, torrent);
    let comment = call.view(&catalog).page(release);
    let info = release.torrent_info(place, &details);
    let file = info.file(&comment, details.created_at, call.passkey());
    let reply = Reply::new(StatusCode::OK, "application/x-bittorrent", file.into());
    Ok(reply.header(CONTENT_DISPOSITION, attachment(&format!("{}.torrent", details.label))))
}

/// Creates a `Content-Disposition` with the file name `name`, and with an ASCII name for old clients.
fn attachment(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|character| match character {
            '"' | '\\' | '\0'..='\x1f' | '\x7f'.. => '_',
            character => character,
        })
        .collect();
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string().replace("%2E", ".");
    HeaderValue::try_from(format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or(HeaderValue::from_static("attachment; filename=\"file.torrent\""))
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn file_name_has_an_ascii_and_a_utf8_form() {
        assert_eq!(
            attachment("★ A \"b\".torrent"),
            "attachment; filename=\"_ A _b_.torrent\"; filename*=UTF-8''%E2%98%85%20A%20%22b%22.torrent"
        );
    }
}
