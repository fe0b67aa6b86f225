//! Counters of the requests, connections and jobs that a limit rejected.

use metrics::counter;

use super::LIMIT_HITS;

/// Limits of the service: the values of the label `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The quota of a client.
    Rate,
    /// The quota of logins.
    Login,
    /// Requests in progress of one client.
    ClientRequests,
    /// Requests in progress of all clients.
    Requests,
    /// Request bodies that are being received.
    Bodies,
    /// Connections of one client.
    ClientConnections,
    /// Live connections of one client.
    LiveClient,
    /// Live connections of all clients.
    Live,
    /// Advanced searches that are running or queued.
    Search,
    /// Pages of titles that are being rendered or queued.
    Pages,
    /// Bytes or items in one response.
    ResponseSize,
    /// Bytes of large responses that are being sent.
    ResponsesInFlight,
}

impl Limit {
    /// All limits.
    pub(super) const ALL: [Self; 12] = [
        Self::Rate,
        Self::Login,
        Self::ClientRequests,
        Self::Requests,
        Self::Bodies,
        Self::ClientConnections,
        Self::LiveClient,
        Self::Live,
        Self::Search,
        Self::Pages,
        Self::ResponseSize,
        Self::ResponsesInFlight,
    ];

    /// Counts one rejection by this limit.
    pub fn hit(self) {
        self.count(1);
    }

    pub(super) fn count(self, hits: u64) {
        counter!(LIMIT_HITS, "limit" => self.as_str()).increment(hits);
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Login => "login",
            Self::ClientRequests => "client_requests",
            Self::Requests => "requests",
            Self::Bodies => "bodies",
            Self::ClientConnections => "client_connections",
            Self::LiveClient => "live_client",
            Self::Live => "live",
            Self::Search => "search",
            Self::Pages => "pages",
            Self::ResponseSize => "answer_size",
            Self::ResponsesInFlight => "answers_in_flight",
        }
    }
}
