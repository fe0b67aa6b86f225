//! Why a call failed, by what the caller can do about it.

use std::{collections::BTreeMap, error::Error as StdError, fmt, sync::Arc, time::Duration};

/// A cause whose type is nobody's business but the log's.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A cause that all clones of an error share.
pub type Cause = Arc<dyn StdError + Send + Sync + 'static>;

/// What every call of this crate gives back.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, by what the caller can do about it.
///
/// Cheap to clone, so that all who wait for one answer can have it. No message and no `Debug` output holds a token, a password or the body of an answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing under that id, alias or hash. Asking again will not help.
    #[error("not found: {message}")]
    NotFound {
        /// What the service said.
        message: String,
    },
    /// The call needs a session, or the session is over, or the login was wrong: log in.
    #[error("not authorised ({status}): {message}")]
    Unauthorized {
        /// 401 or 403, which the service uses without much system.
        status: u16,
        /// What the service said.
        message: String,
    },
    /// A firewall in front of the service turned the caller away (its page is HTML, not JSON): try another network,
    /// a proxy or a mirror.
    #[error("blocked by a firewall in front of the service ({status})")]
    Blocked {
        /// The status of the block page.
        status: u16,
    },
    /// The service refused a parameter.
    #[error(transparent)]
    Validation(#[from] Validation),
    /// Too many requests: wait.
    #[error("too many requests{}", wait_text(*.retry_after))]
    RateLimited {
        /// How long the service asks to wait, when it says.
        retry_after: Option<Duration>,
    },
    /// The service answered with some other error status; one from 500 up may pass by itself.
    #[error("the service answered {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What the service said; empty when it said nothing readable.
        message: String,
    },
    /// A service that speaks [API v3](crate::v3) refused a call in its own words.
    #[cfg(feature = "v3")]
    #[error("the service refused the call ({code}): {message}")]
    Api {
        /// The service's code, which is an HTTP status (404: there is no such title, 412: a parameter is wrong); 0 where
        /// it has none, as for a login.
        code: u16,
        /// The service's word for it (`wrongPasswd`), where it has one.
        key: Option<String>,
        /// What the service said.
        message: String,
    },
    /// No answer within the time allowed.
    #[error("no answer within {after:?}")]
    Timeout {
        /// The limit that ran out.
        after: Duration,
    },
    /// No connection to the service.
    #[error("could not connect")]
    Connect {
        /// What the network said.
        #[source]
        source: Cause,
    },
    /// The connection broke before the whole answer was there.
    #[error("the connection broke off")]
    Interrupted {
        /// What the network said.
        #[source]
        source: Cause,
    },
    /// The service ended the connection. Code 1001: it is going away, 1008: it was asked too much, 1013: it is full.
    #[error("the service closed the connection ({code})")]
    Closed {
        /// The close code (RFC 6455); 1005 when there was none.
        code: u16,
        /// What the service said, if anything.
        reason: String,
    },
    /// The service did not do what a message on an open connection asked for. The connection goes on.
    #[error("the service refused a message ({code}): {message}")]
    Refused {
        /// The service's word for it (`SUBSCRIPTION_LIMIT`).
        code: String,
        /// What the service said.
        message: String,
    },
    /// The answer is not of the expected form. A newer version of this crate may know it; `fetch_as` reads it today.
    #[error("unexpected answer at `{path}`")]
    Decode {
        /// Where in the JSON (`data[3].name.main`); `.` for the answer as a whole.
        path: String,
        /// What was wrong there.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// The answer is longer than [`ClientBuilder::max_response_size`](crate::ClientBuilder::max_response_size).
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer redirects again and again, as the page of a captive network or of a wrong address does.
    #[error("redirected without end")]
    Redirected {
        /// What the HTTP library said.
        #[source]
        source: Cause,
    },
    /// The call needs a session and there is none: log in first. Nothing was sent.
    #[error("there is no session: log in first")]
    NoSession,
    /// A login was not accepted in its time: begin anew.
    #[error("the login was not accepted in time")]
    LoginExpired,
    /// The token could not be read from its store, or not be written there.
    #[error("the token store failed")]
    TokenStore {
        /// What the store said.
        #[source]
        source: Cause,
    },
    /// Every mirror failed too often of late and is left alone for a while. Nothing was sent.
    #[error("all mirrors are left alone for another {retry_in:?}")]
    CircuitOpen {
        /// When the first of them may be asked again.
        retry_in: Duration,
    },
    /// Every mirror was tried and each one failed.
    #[error("all mirrors failed: {}", failures_text(.0))]
    AllMirrors(Vec<MirrorFailure>),
    /// The request was not sent, as an argument cannot be right.
    #[error("invalid `{field}`: {reason}")]
    InvalidRequest {
        /// The argument.
        field: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The client could not be built from its settings.
    #[error("invalid setting `{setting}`: {reason}")]
    Config {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// The service refused some parameters (status 422).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused parameters: {}", fields_text(.fields, .message))]
#[non_exhaustive]
pub struct Validation {
    /// The service's summary.
    pub message: String,
    /// What is wrong with each parameter, by its name on the wire.
    pub fields: BTreeMap<String, Vec<String>>,
}

/// How one mirror failed a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MirrorFailure {
    /// The host (and port) of the mirror.
    pub mirror: String,
    /// Its failure.
    pub error: Error,
}

impl Error {
    /// The connection broke off, for a reason that no library told.
    pub(crate) fn interrupted(reason: &'static str) -> Self {
        Self::Interrupted { source: Arc::from(BoxError::from(reason)) }
    }

    /// Whether nothing exists under what was asked for.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::NotFound { .. } => true,
            #[cfg(feature = "v3")]
            Self::Api { code, .. } => *code == 404,
            _ => false,
        }
    }

    /// Whether every attempt ran out of time.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout { .. } => true,
            Self::AllMirrors(failures) => failures.iter().all(|failure| failure.error.is_timeout()),
            _ => false,
        }
    }

    /// Whether the same call may succeed later or on another mirror, with nothing changed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Timeout { .. }
            | Self::Connect { .. }
            | Self::Interrupted { .. }
            | Self::Closed { .. }
            | Self::RateLimited { .. }
            | Self::CircuitOpen { .. }
            | Self::Blocked { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            #[cfg(feature = "v3")]
            Self::Api { code, .. } => *code >= 500,
            Self::AllMirrors(failures) => failures.iter().any(|failure| failure.error.is_transient()),
            _ => false,
        }
    }

    /// The status that the service answered with; `None` when it did not answer, or answered well in form only.
    ///
    /// ```
    /// use anilibria_client::Error;
    ///
    /// assert_eq!(Error::NoSession.http_status(), None);
    /// ```
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } | Self::Unauthorized { status, .. } | Self::Blocked { status } => {
                Some(*status)
            }
            Self::NotFound { .. } => Some(404),
            Self::Validation(_) => Some(422),
            Self::RateLimited { .. } => Some(429),
            _ => None,
        }
    }

    /// The variant in `snake_case`: a label for logs and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Blocked { .. } => "blocked",
            Self::Validation(_) => "validation",
            Self::RateLimited { .. } => "rate_limited",
            Self::Status { .. } => "status",
            #[cfg(feature = "v3")]
            Self::Api { .. } => "api",
            Self::Timeout { .. } => "timeout",
            Self::Connect { .. } => "connect",
            Self::Interrupted { .. } => "interrupted",
            Self::Closed { .. } => "closed",
            Self::Refused { .. } => "refused",
            Self::Decode { .. } => "decode",
            Self::TooLarge { .. } => "too_large",
            Self::Redirected { .. } => "redirected",
            Self::NoSession => "no_session",
            Self::LoginExpired => "login_expired",
            Self::TokenStore { .. } => "token_store",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::AllMirrors(_) => "all_mirrors",
            Self::InvalidRequest { .. } => "invalid_request",
            Self::Config { .. } => "config",
        }
    }

    /// How long to wait before the next call, when that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen { retry_in } => Some(*retry_in),
            Self::RateLimited { retry_after } => *retry_after,
            Self::AllMirrors(failures) => {
                failures.iter().filter_map(|failure| failure.error.retry_after()).min()
            }
            _ => None,
        }
    }
}

impl fmt::Display for MirrorFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.mirror, self.error)
    }
}

fn wait_text(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(", wait {wait:?}"))
}

fn failures_text(failures: &[MirrorFailure]) -> String {
    failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn fields_text(fields: &BTreeMap<String, Vec<String>>, message: &str) -> String {
    if fields.is_empty() {
        return message.to_owned();
    }
    fields
        .iter()
        .map(|(name, reasons)| format!("{name}: {}", reasons.join(" ")))
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(error: Error) -> MirrorFailure {
        MirrorFailure { mirror: "one.example".to_owned(), error }
    }

    #[test]
    fn mirrors_time_out_only_when_each_of_them_did() {
        let timeout = || failure(Error::Timeout { after: Duration::from_secs(4) });
        let status = failure(Error::Status { status: 500, message: String::new() });

        assert!(Error::AllMirrors(vec![timeout(), timeout()]).is_timeout());
        assert!(!Error::AllMirrors(vec![timeout(), status]).is_timeout());
    }

    #[test]
    fn validation_names_each_field_with_its_reasons() {
        let fields = BTreeMap::from([("limit".to_owned(), vec!["Too big.".to_owned()])]);

        let error = Error::from(Validation { message: "Too big.".to_owned(), fields });

        assert_eq!(error.to_string(), "refused parameters: limit: Too big.");
    }
}
