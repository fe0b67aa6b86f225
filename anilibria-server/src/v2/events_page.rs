//! The page that shows a person what happens, as it happens.

use anilibria_http::{accept::prefers_html, asset::Asset, vary};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use poem::{Endpoint, Request, Response, endpoint::BoxEndpoint, http::HeaderValue};
use sha2::{Digest as _, Sha256};

const FRAME: &str = include_str!("events_page/page.html");

const STYLE: &str = include_str!("events_page/style.css");

/// In the order in which one needs the other.
const SCRIPT: &str = concat!(
    include_str!("events_page/words.js"),
    include_str!("events_page/connection.js"),
    include_str!("events_page/card.js"),
    include_str!("events_page/main.js"),
);

/// The page. It brings all it needs along, and asks only the host it came from, except for posters.
pub fn page() -> Asset {
    let html = FRAME.replacen("/*style*/", STYLE, 1).replacen("/*script*/", SCRIPT, 1);
    let page = Asset::new("text/html; charset=utf-8", html);
    match HeaderValue::try_from(policy()) {
        Ok(policy) => page.with_policy(policy),
        // What all pages may do is less than this one needs, but nothing that it must not.
        Err(_) => page,
    }
}

/// The page for whoever would rather have one, as browsers would, and a probe at the same address for everybody else.
pub struct PageOrProbe {
    /// The page.
    pub page: Asset,
    /// What answers all others.
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

/// What the page may do: run its own script and no other, whatever a title is called. Posters come from the hosts of
/// AniLibria's mirrors, which may change.
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
