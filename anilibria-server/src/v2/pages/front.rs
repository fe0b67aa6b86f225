//! The front page: the state of the service, and links to its pages and documents.

use anilibria_http::asset::Asset;

use super::{Features, Page, SCRIPT, STYLE};

const FRAME: &str = include_str!("front/page.html");

const V3_SECTION: &str = include_str!("front/v3.html");

const SANDBOX_SECTION: &str = include_str!("front/sandbox.html");

const SANDBOX_WORDS: &str = include_str!("front/sandbox_words.js");

const SANDBOX_SCRIPT: &str = include_str!("front/sandbox.js");

/// Returns the page, with the sections of the enabled `features`.
pub fn page(features: Features) -> Asset {
    let section = |is_shown, section| if is_shown { section } else { "" };
    let frame = FRAME.replacen("<!--v3-->", section(features.v3, V3_SECTION), 1).replacen(
        "<!--sandbox-->",
        section(features.sandbox, SANDBOX_SECTION),
        1,
    );
    // The order matters: later scripts use earlier ones.
    let scripts = [
        SCRIPT,
        include_str!("front/words.js"),
        section(features.sandbox, SANDBOX_WORDS),
        include_str!("front/main.js"),
        section(features.sandbox, SANDBOX_SCRIPT),
    ];
    let page = Page {
        frame,
        style: [STYLE, include_str!("front/style.css")].concat(),
        script: scripts.concat(),
        images: "'self'",
    };
    page.into_asset()
}
