//! Counts the requests, connections and pieces of work that a limit refused.

use metrics::counter;

use super::LIMIT_HITS;

/// A limit of the service: the label `limit` of the counter.
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
    /// Request bodies being received.
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
    /// Bytes or items in one answer.
    AnswerSize,
    /// Bytes of large answers being sent.
    AnswersInFlight,
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
        Self::AnswerSize,
        Self::AnswersInFlight,
    ];

    /// Counts one refusal by this limit.
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
            Self::AnswerSize => "answer_size",
            Self::AnswersInFlight => "answers_in_flight",
        }
    }
}
