//! Errors of calls, by what the caller can do about them.

use std::{collections::BTreeMap, error::Error as StdError, fmt, sync::Arc, time::Duration};

use http::StatusCode;

/// A cause of any type.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A cause that is shared by all clones of an error.
pub type Cause = Arc<dyn StdError + Send + Sync + 'static>;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Errors of calls, by what the caller can do about them.
///
/// Cheap to clone, so that one failed request can be reported to several callers. Messages name the host and the cause;
/// neither messages nor `Debug` output contain a token, a password or the body of a response.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// use anilibria_client::Error;
///
/// match client.releases().get("no-such-release").await {
///     Ok(release) => println!("{}", release.name.main),
///     Err(error) if error.is_not_found() => println!("there is no such release"),
///     Err(Error::Blocked { host, .. }) => println!("{host} is blocked: use a proxy or another mirror"),
///     Err(error) if error.is_transient() => println!("{error}; wait {:?}, then try again", error.retry_after()),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The requested id, alias or hash does not exist. A retry fails, too.
    #[error("not found: {message}")]
    NotFound {
        /// The message of the service.
        message: String,
    },
    /// The call needs a session, the session has ended, or the login was refused. Log in (again).
    #[error("not authorised ({status}): {message}")]
    Unauthorized {
        /// The status, 401 or 403. The service does not use them consistently.
        status: u16,
        /// The message of the service.
        message: String,
    },
    /// A web page came in place of a response of the service: the block or challenge page of a firewall, or the login page
    /// of a network. The request was not processed. Try another network, a proxy or a mirror.
    #[error(
        "{}blocked: a web page came in place of the service's response (status {status}){}",
        host_prefix(.host),
        hint_text(.hint.as_deref())
    )]
    Blocked {
        /// Host and port of the request; empty if unknown.
        host: String,
        /// Status of the page.
        status: u16,
        /// A likely mistake in the configuration of the client, for example a base URL that is not the API's.
        hint: Option<String>,
    },
    /// The service refused a parameter.
    #[error(transparent)]
    Validation(#[from] Validation),
    /// The rate limit of the service or of the client is exceeded. Wait before the next call.
    #[error("too many requests{}", wait_text(*.retry_after))]
    RateLimited {
        /// Time to wait before the next call, if it is known.
        retry_after: Option<Duration>,
    },
    /// The service answered with another error status. An error with a status of 500 or above may be temporary.
    #[error("the service answered {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The message of the service; empty if there is none that can be read.
        message: String,
    },
    /// A service of [API v3](crate::v3) refused a call.
    #[cfg(feature = "v3")]
    #[error("the service refused the call ({code}): {message}")]
    Api {
        /// The code of the service, which is an HTTP status (404: there is no such title, 412: a parameter is invalid); 0 if
        /// there is none, as for a login.
        code: u16,
        /// The key of the error (`wrongPasswd`), if there is one.
        key: Option<String>,
        /// The message of the service.
        message: String,
    },
    /// No response was received in time.
    #[error("{}no response within {}", host_prefix(.host), rounded(*.after))]
    Timeout {
        /// Host and port of the request; empty if unknown.
        host: String,
        /// The limit that was reached.
        after: Duration,
    },
    /// The connection to the service failed, so that nothing was sent.
    #[error("{}could not connect: {}", host_prefix(.host), root_cause(.source.as_ref()))]
    Connect {
        /// Host and port of the request; empty if unknown.
        host: String,
        /// The error of the network.
        #[source]
        source: Cause,
    },
    /// The connection was lost before the whole response was received.
    #[error("{}connection lost: {}", host_prefix(.host), root_cause(.source.as_ref()))]
    Interrupted {
        /// Host and port of the request; empty if unknown.
        host: String,
        /// The error of the network.
        #[source]
        source: Cause,
    },
    /// The service closed the connection. Code 1001: the service stops, 1008: the client sent too many messages, 1013: the
    /// service is overloaded.
    #[error("the service closed the connection ({code})")]
    Closed {
        /// The close code (RFC 6455); 1005 if there was none.
        code: u16,
        /// The reason of the service, if there is one.
        reason: String,
    },
    /// The service refused a message on an open connection. The connection stays open.
    #[error("the service refused a message ({code}): {message}")]
    Refused {
        /// The code of the error (`SUBSCRIPTION_LIMIT`).
        code: String,
        /// The message of the service.
        message: String,
    },
    /// The response does not have the expected form. A newer version of this crate may support it; `fetch_as` can decode it
    /// today.
    #[error("unexpected response at `{path}`")]
    Decode {
        /// Path in the JSON (`data[3].name.main`); `.` for the whole response.
        path: String,
        /// The error of the JSON library.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// The response is longer than [`ClientBuilder::max_response_size`](crate::ClientBuilder::max_response_size).
    #[error("the response is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The service redirected to an address that the client must not follow. Reads follow up to five redirects on the same
    /// origin, writes none. The login page of a network or an outdated base URL of a mirror can cause this error.
    #[error("{}redirected to {location}", host_prefix(.host))]
    Redirected {
        /// Host and port of the request; empty if unknown.
        host: String,
        /// The target, without its query.
        location: String,
    },
    /// The call needs a session, and there is none. Nothing was sent. Log in first.
    #[error("there is no session: log in first")]
    NoSession,
    /// A one-time code or a social login was not accepted in time. Start a new login.
    #[error("the login was not accepted in time")]
    LoginExpired,
    /// The token could not be read from its store or written to it.
    #[error("the token store failed")]
    TokenStore {
        /// The error of the store.
        #[source]
        source: Cause,
    },
    /// The circuit breakers of all mirrors are open after repeated failures. Nothing was sent.
    #[error("all circuits are open for another {}; last failures: {}", rounded(*.retry_in), failures_text(.causes))]
    CircuitOpen {
        /// Time until the first circuit allows a trial call.
        retry_in: Duration,
        /// The last failure of each mirror.
        causes: Vec<MirrorFailure>,
    },
    /// Several mirrors were tried, and each one failed or did not answer in time.
    #[error("all mirrors failed: {}", failures_text(.0))]
    AllMirrors(Vec<MirrorFailure>),
    /// The request was not sent, because an argument is invalid.
    #[error("invalid `{field}`: {reason}")]
    InvalidRequest {
        /// Name of the argument.
        field: String,
        /// Reason of the refusal.
        reason: &'static str,
    },
    /// The client could not be built from its settings.
    #[error("invalid setting `{setting}`: {reason}")]
    Config {
        /// Name of the setting.
        setting: &'static str,
        /// Reason of the refusal.
        reason: String,
    },
}

/// The service refused some parameters (status 422).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused parameters: {}", fields_text(.fields, .message))]
#[non_exhaustive]
pub struct Validation {
    /// Summary of the service.
    pub message: String,
    /// Reasons for each refused parameter, by its name in the request.
    pub fields: BTreeMap<String, Vec<String>>,
}

/// Failure of one mirror.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MirrorFailure {
    /// Host and port of the mirror.
    pub mirror: String,
    /// The failure.
    pub error: Error,
}

impl Error {
    /// Returns the error of a web page with `status` in place of a response.
    pub(crate) fn blocked(status: StatusCode) -> Self {
        Self::Blocked { host: String::new(), status: status.as_u16(), hint: None }
    }

    /// Returns the error of a lost connection with `reason` as its cause.
    pub(crate) fn interrupted(reason: &'static str) -> Self {
        Self::Interrupted { host: String::new(), source: Arc::from(BoxError::from(reason)) }
    }

    /// Sets the host of the request in an error that has a `host` field, unless it is set already.
    pub(crate) fn with_host(mut self, name: &str) -> Self {
        if let Self::Blocked { host, .. }
        | Self::Timeout { host, .. }
        | Self::Connect { host, .. }
        | Self::Interrupted { host, .. }
        | Self::Redirected { host, .. } = &mut self
            && host.is_empty()
        {
            name.clone_into(host);
        }
        self
    }

    /// Returns true if the service certainly did not process the request, so that even a write may be sent again.
    pub(crate) fn is_unprocessed(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Blocked { .. } | Self::RateLimited { .. } => true,
            Self::AllMirrors(failures) => failures.iter().all(|failure| failure.error.is_unprocessed()),
            _ => false,
        }
    }

    /// Returns true if the requested item does not exist.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::NotFound { .. } => true,
            #[cfg(feature = "v3")]
            Self::Api { code, .. } => *code == 404,
            _ => false,
        }
    }

    /// Returns true if every attempt ended by a timeout.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout { .. } => true,
            Self::AllMirrors(failures) => failures.iter().all(|failure| failure.error.is_timeout()),
            _ => false,
        }
    }

    /// Returns true if the same call may succeed later or on another mirror.
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

    /// Returns the HTTP status of the response; `None` if there was no response, or one with status 200.
    ///
    /// ```
    /// use anilibria_client::Error;
    ///
    /// assert_eq!(Error::NoSession.http_status(), None);
    /// ```
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. }
            | Self::Unauthorized { status, .. }
            | Self::Blocked { status, .. } => Some(*status),
            Self::NotFound { .. } => Some(404),
            Self::Validation(_) => Some(422),
            Self::RateLimited { .. } => Some(429),
            _ => None,
        }
    }

    /// Returns the variant in `snake_case`, as a label for logs and metrics.
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

    /// Returns the time to wait before the next call, if it is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen { retry_in, .. } => Some(*retry_in),
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
        let error = self.error.to_string();
        // Errors of the network name the host themselves.
        if error.starts_with(&self.mirror) {
            f.write_str(&error)
        } else {
            write!(f, "{}: {error}", self.mirror)
        }
    }
}

fn wait_text(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(", retry after {}", rounded(wait)))
}

/// Returns `host` as the beginning of a message.
fn host_prefix(host: &str) -> String {
    if host.is_empty() { String::new() } else { format!("{host}: ") }
}

fn hint_text(hint: Option<&str>) -> String {
    hint.map(|hint| format!("; {hint}")).unwrap_or_default()
}

/// Returns the innermost cause of `error`, which names the reason.
fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Returns `duration` as short text: `350 ms`, `1.5 s`, `2 min`.
fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match duration.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        ..120_000 => format!("{} s", (seconds * 10.0).round() / 10.0),
        _ => format!("{} min", duration.as_secs().div_ceil(60)),
    }
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
        let timeout = || failure(Error::Timeout { host: String::new(), after: Duration::from_secs(4) });
        let status = failure(Error::Status { status: 500, message: String::new() });

        assert!(Error::AllMirrors(vec![timeout(), timeout()]).is_timeout());
        assert!(!Error::AllMirrors(vec![timeout(), status]).is_timeout());
    }

    #[test]
    fn a_message_names_the_host_the_cause_and_a_rounded_time() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "Connection refused");
        let connect =
            Error::Connect { host: String::new(), source: Arc::new(refused) }.with_host("one.example:8443");
        let timeout = |millis| Error::Timeout { host: String::new(), after: Duration::from_micros(millis) };
        let open = Error::CircuitOpen {
            retry_in: Duration::from_micros(29_999_437),
            causes: vec![MirrorFailure { mirror: "one.example:8443".to_owned(), error: connect.clone() }],
        };

        assert_eq!(connect.to_string(), "one.example:8443: could not connect: Connection refused");
        assert_eq!(timeout(399_999).to_string(), "no response within 399 ms");
        assert_eq!(timeout(1_449_999).to_string(), "no response within 1.4 s");
        assert_eq!(timeout(600_000_000).to_string(), "no response within 10 min");
        assert_eq!(
            open.to_string(),
            "all circuits are open for another 30 s; last failures: one.example:8443: could not connect: \
             Connection refused"
        );
    }

    #[test]
    fn validation_names_each_field_with_its_reasons() {
        let fields = BTreeMap::from([("limit".to_owned(), vec!["Too big.".to_owned()])]);

        let error = Error::from(Validation { message: "Too big.".to_owned(), fields });

        assert_eq!(error.to_string(), "refused parameters: limit: Too big.");
    }
}
