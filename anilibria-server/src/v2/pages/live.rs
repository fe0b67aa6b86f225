//! The live events page.

use anilibria_http::asset::Asset;

use super::{Page, SCRIPT, STYLE};

const FRAME: &str = include_str!("live/page.html");

/// Scripts of the page. The order matters: later files use earlier ones.
const SCRIPTS: [&str; 5] = [
    include_str!("live/words.js"),
    include_str!("live/connection.js"),
    include_str!("live/card.js"),
    include_str!("live/search.js"),
    include_str!("live/main.js"),
];

/// Returns the page. It may load posters from any host, because the hosts of AniLibria's mirrors may change.
pub fn page() -> Asset {
    let page = Page {
        frame: FRAME.to_owned(),
        style: [STYLE, include_str!("live/style.css")].concat(),
        script: [&[SCRIPT], SCRIPTS.as_slice()].concat().concat(),
        images: "'self' https: data:",
    };
    page.into_asset()
}
