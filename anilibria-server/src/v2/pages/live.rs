//! The HTML page that shows live events.

use anilibria_http::{accept::prefers_html, asset::Asset, vary};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use poem::{Endpoint, Request, Response, endpoint::BoxEndpoint, http::HeaderValue};
use sha2::{Digest as _, Sha256};

const FRAME: &str = include_str!("events_page/page.html");

const STYLE: &str = include_str!("events_page/style.css");

/// Script of the page. The order matters: later files use earlier ones.
const SCRIPT: &str = concat!(
    include_str!("events_page/words.js"),
    include_str!("events_page/connection.js"),
    include_str!("events_page/card.js"),
    include_str!("events_page/main.js"),
);

/// Returns the page. It is self-contained and requests only its own host, except for posters.
pub fn page() -> Asset {
    let html = FRAME.replacen("/*style*/", STYLE, 1).replacen("/*script*/", SCRIPT, 1);
    let page = Asset::new("text/html; charset=utf-8", html);
    match HeaderValue::try_from(policy()) {
        Ok(policy) => page.with_policy(policy),
        // Without its own policy the page gets that of all pages, which is stricter: the page does not work, but is safe.
        Err(_) => page,
    }
}

/// Endpoint that serves the page to requests that prefer `text/html`, and a probe to all others.
pub struct PageOrProbe {
    /// The page.
    pub page: Asset,
    /// Endpoint for all other requests.
    pub probe: BoxEndpoint<'static>,
}

impl Endpoint for PageOrProbe {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let mut response = if prefers_html(request.headers()) {
            self.page.response()
        } else {
            self.probe.call(request).await?
        };
        vary::add(response.headers_mut(), "Accept");
        Ok(response)
    }
}

/// Returns the content security policy of the page. It permits only the page's own script, so that no title of a work can
/// inject another. Posters are allowed from any host, because the hosts of AniLibria's mirrors may change.
fn policy() -> String {
    let (script, style) = (digest(SCRIPT), digest(STYLE));
    format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src 'self' https: data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}
