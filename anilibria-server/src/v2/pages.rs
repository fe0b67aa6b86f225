//! The HTML pages: the front page, the documentation and the live events page.

pub mod docs;
pub mod front;
pub mod live;

use anilibria_http::{accept::prefers_html, asset::Asset, vary};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use poem::{Endpoint, Request, Response, endpoint::BoxEndpoint, http::HeaderValue};
use sha2::{Digest as _, Sha256};

const HTML: &str = "text/html; charset=utf-8";

/// Style shared by the pages: colours, header, panels and controls.
const STYLE: &str = include_str!("pages/shared/style.css");

/// Script shared by the pages: language, elements and translation.
const SCRIPT: &str = include_str!("pages/shared/script.js");

/// Paths of the icon. Browsers request the first one without a link to it.
pub const ICON_PATHS: [&str; 2] = ["/favicon.ico", "/favicon.svg"];

/// Returns the icon of all pages.
pub fn icon() -> Asset {
    Asset::new("image/svg+xml", include_str!("pages/icon.svg").to_owned())
}

/// Optional parts of the service. The front page and the index show only those that are enabled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Features {
    /// True if the gateway for clients of API v3 is enabled.
    pub v3: bool,
    /// True if the service runs its own sandbox, whose control API it serves.
    pub sandbox: bool,
}

/// A page that contains its style and script, and sends requests only to its own host.
struct Page {
    frame: String,
    style: String,
    script: String,
    /// Sources of images, in the syntax of a content security policy.
    images: &'static str,
}

impl Page {
    /// Returns the page as it is served.
    fn into_asset(self) -> Asset {
        let policy = HeaderValue::try_from(self.policy());
        let html = self.frame.replacen("/*style*/", &self.style, 1).replacen("/*script*/", &self.script, 1);
        let page = Asset::new(HTML, html);
        match policy {
            Ok(policy) => page.with_policy(policy),
            // Without this policy the page gets that of the documentation, which also allows no connection to other hosts.
            Err(_) => page,
        }
    }

    /// Returns the content security policy. It permits only the script and the style of the page, so that text from the API
    /// cannot inject others.
    fn policy(&self) -> String {
        let (script, style, images) = (digest(&self.script), digest(&self.style), self.images);
        format!(
            "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src {images}; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
}

/// Endpoint that serves a page to requests that prefer `text/html`, and data to all others.
pub struct PageOrData {
    /// The page.
    pub page: Asset,
    /// Endpoint that serves the data.
    pub data: BoxEndpoint<'static>,
}

impl Endpoint for PageOrData {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let mut response = if prefers_html(request.headers()) {
            self.page.response()
        } else {
            self.data.call(request).await?
        };
        vary::add(response.headers_mut(), "Accept");
        Ok(response)
    }
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}
