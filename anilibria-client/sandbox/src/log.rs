//! Log of the calls to the stand-in API.

use std::collections::VecDeque;

use http::request::Parts;
use serde::Serialize;

use super::site::API_ROOT;

/// Maximum length of a path or a query string in bytes. Longer ones are truncated.
const MAX_TEXT: usize = 2048;

/// A call to the stand-in API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// Method, in upper case.
    pub method: String,
    /// Requested path with its prefix, such as `/api/v1/anime/releases/1`, truncated to 2048 bytes.
    pub path: String,
    /// Query string without the question mark, truncated to 2048 bytes. Empty if there is none. The values of `pk` and `state`
    /// are left out, because they are credentials.
    pub query: String,
    /// Status of the response. A dropped or truncated response has the status of the complete one; 499 means that the client
    /// disconnected before the response.
    pub status: u16,
}

/// The last calls, and the number of all calls.
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
            path: truncate(request.uri.path()),
            query: truncate(&redact(request.uri.query().unwrap_or_default())),
            status,
        });
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn all(&self) -> Vec<LoggedRequest> {
        self.last.iter().cloned().collect()
    }

    /// Returns the number of logged calls of `path`, given with or without the API root.
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

/// Returns the query string without the values of credentials.
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

fn truncate(text: &str) -> String {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text[..end.unwrap_or(0)].to_owned()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn log_keeps_the_last_calls_and_counts_all() {
        let mut log = Log::new(2);
        for path in ["/api/v1/a", "/api/v1/b?x=1", "/api/v1/b"] {
            log.add(&Request::get(path).body(()).unwrap().into_parts().0, 200);
        }

        assert_eq!(log.count(), 3);
        assert_eq!(log.all().iter().map(|request| request.query.as_str()).collect::<Vec<_>>(), ["x=1", ""]);
        assert_eq!((log.hits("/a"), log.hits("/b"), log.hits("/api/v1/b")), (0, 2, 2));
    }

    #[test]
    fn secrets_in_query_strings_are_redacted() {
        assert_eq!(redact("limit=3&pk=Secret1&x"), "limit=3&pk=<redacted>&x");
        assert_eq!(redact("state=abc"), "state=<redacted>");
        assert_eq!(redact(""), "");
    }

    #[test]
    fn long_texts_are_truncated_at_a_character_boundary() {
        assert_eq!(truncate(&"ё".repeat(MAX_TEXT)).len(), MAX_TEXT);
        assert_eq!(truncate(&format!("a{}", "ё".repeat(MAX_TEXT))).len(), MAX_TEXT - 1);
    }
}
