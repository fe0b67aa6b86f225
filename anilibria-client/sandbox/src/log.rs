//! The log of calls to the stand-in API.

use std::collections::VecDeque;

use http::request::Parts;
use serde::Serialize;

use super::site::API_ROOT;

/// Longer paths and query strings are cut in the log.
const MAX_TEXT: usize = 2048;

/// One call to the stand-in API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The method, in upper case.
    pub method: String,
    /// The whole path as asked, such as `/api/v1/anime/releases/1`; at most 2048 bytes of it.
    pub path: String,
    /// The query string as asked, without the question mark; empty without one, at most 2048 bytes. The values of
    /// `pk` and `state`, which are as good as a login, are left out.
    pub query: String,
    /// The status that was answered; for a dropped or truncated answer the one it would have had, and 499 when
    /// the caller left before there was an answer.
    pub status: u16,
}

/// The last calls, and how many there were in all.
#[derive(Debug)]
pub(crate) struct Log {
    capacity: usize,
    count: u64,
    last: VecDeque<LoggedRequest>,
}

impl Log {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, count: 0, last: VecDeque::new() }
    }

    pub(crate) fn add(&mut self, request: &Parts, status: u16) {
        self.count += 1;
        if self.capacity == 0 {
            return;
        }
        if self.last.len() == self.capacity {
            self.last.pop_front();
        }
        self.last.push_back(LoggedRequest {
            method: request.method.to_string(),
            path: cut(request.uri.path()),
            query: cut(&redact(request.uri.query().unwrap_or_default())),
            status,
        });
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn all(&self) -> Vec<LoggedRequest> {
        self.last.iter().cloned().collect()
    }

    /// How many of the kept calls asked for `path`, with or without the API root.
    pub(crate) fn hits(&self, path: &str) -> usize {
        let below = |path: &str| path.strip_prefix(API_ROOT).unwrap_or(path).to_owned();
        let path = below(path);
        self.last.iter().filter(|request| below(&request.path) == path).count()
    }

    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.last.clear();
    }
}

/// The query string without what is as good as a login.
fn redact(query: &str) -> String {
    let parts: Vec<_> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some(("pk", _)) => "pk=<redacted>",
            Some(("state", _)) => "state=<redacted>",
            _ => part,
        })
        .collect();
    parts.join("&")
}

fn cut(text: &str) -> String {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text[..end.unwrap_or(0)].to_owned()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_log_keeps_the_last_calls_and_counts_all() {
        let mut log = Log::new(2);
        for path in ["/api/v1/a", "/api/v1/b?x=1", "/api/v1/b"] {
            log.add(&Request::get(path).body(()).unwrap().into_parts().0, 200);
        }

        assert_eq!(log.count(), 3);
        assert_eq!(log.all().iter().map(|request| request.query.as_str()).collect::<Vec<_>>(), ["x=1", ""]);
        assert_eq!((log.hits("/a"), log.hits("/b"), log.hits("/api/v1/b")), (0, 2, 2));
    }

    #[test]
    fn secrets_in_query_strings_are_left_out() {
        assert_eq!(redact("limit=3&pk=Secret1&x"), "limit=3&pk=<redacted>&x");
        assert_eq!(redact("state=abc"), "state=<redacted>");
        assert_eq!(redact(""), "");
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(cut(&"ё".repeat(MAX_TEXT)).len(), MAX_TEXT);
        assert_eq!(cut(&format!("a{}", "ё".repeat(MAX_TEXT))).len(), MAX_TEXT - 1);
    }
}
