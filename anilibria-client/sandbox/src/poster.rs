//! Pictures below `/storage`: a small picture for each path, so that pages and programs have pictures offline.
//!
//! Callers that accept every type and do not name SVG receive PNG, because their libraries may not draw SVG. Browsers name
//! SVG, in which the picture shows the name of the release.

mod png;

use std::fmt::Write as _;

use http::header::{ACCEPT, CACHE_CONTROL, HeaderValue, VARY};
use http::request::Parts;
use http::{Method, StatusCode};

use super::problem::Problem;
use super::random;
use super::reply::Reply;
use super::state::SandboxState;
use super::xml::escape;

/// Path prefix of all pictures.
pub(crate) const STORAGE: &str = "/storage/";

/// Maximum number of characters per line; the next constant is the maximum number of lines.
const LINE_LENGTH: usize = 18;
const MAX_LINES: usize = 5;

/// Returns the picture that the request asks for.
pub(crate) fn respond(state: &SandboxState, request: &Parts) -> Reply {
    let (method, path) = (&request.method, request.uri.path());
    if method != Method::GET && method != Method::HEAD {
        return Problem::method_not_allowed(method, &[Method::GET]).into();
    }
    let mut rng = random::stream(0, path, 0);
    let hue = rng.u32(..360);
    let png = if accepts_png(request) { png::landscape(&mut rng, hue).ok() } else { None };
    let (content_type, picture) = match png {
        Some(png) => ("image/png", png),
        None => ("image/svg+xml", svg(hue, &caption(state, path)).into()),
    };
    let year = HeaderValue::from_static("public, max-age=31536000, immutable");
    Reply::new(StatusCode::OK, content_type, picture.into())
        .header(CACHE_CONTROL, year)
        .header(VARY, HeaderValue::from_static("Accept"))
}

/// Returns true if the caller accepts PNG and does not name SVG.
fn accepts_png(request: &Parts) -> bool {
    let accept = request.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    !accept.contains("svg") && ["*/*", "image/*", "image/png"].iter().any(|kind| accept.contains(kind))
}

/// Returns the lines of the picture: id and name of the release of `path`, or `AniLibria` if `path` belongs to no release.
fn caption(state: &SandboxState, path: &str) -> Vec<String> {
    let id = path
        .strip_prefix("/storage/releases/")
        .and_then(|rest| rest.split('/').find_map(|segment| segment.parse::<u32>().ok()));
    let catalog = state.catalog();
    let Some(release) = id.and_then(|id| catalog.release(id)) else {
        return vec!["AniLibria".to_owned()];
    };
    let mut lines = vec![format!("#{}", release.id)];
    let mut line = String::new();
    for word in release.title.main.split(' ') {
        if !line.is_empty() && line.chars().count() + word.chars().count() >= LINE_LENGTH {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.truncate(MAX_LINES);
    lines
}

fn svg(hue: u32, lines: &[String]) -> String {
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        // Writing into a string cannot fail.
        let _ = write!(text, r#"<text x="20" y="{}">{}</text>"#, 380 + 26 * place, escape(line));
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 350 500" width="350" height="500"><defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="hsl({hue},65%,45%)"/><stop offset="1" stop-color="hsl({},70%,20%)"/></linearGradient></defs><rect width="350" height="500" fill="url(#g)"/><g fill="#fff" font-family="sans-serif" font-size="22">{text}</g></svg>"##,
        (hue + 70) % 360
    )
}
