//! Fault injection: slow, failed, truncated and dropped responses.

use std::time::Duration;

use fastrand::Rng;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::random;
use super::reply::Reply;

/// Maximum delay, in milliseconds.
const MAX_LATENCY_MS: u64 = 60_000;
/// Maximum `Retry-After`, in seconds.
const MAX_RETRY_AFTER: u64 = 86_400;
const MAX_PATHS: usize = 64;
const MAX_PATH_LENGTH: usize = 256;

/// Faults of the stand-in API. Default: no faults.
///
/// ```
/// use std::time::Duration;
///
/// use anilibria_sandbox::{Faults, Sandbox};
///
/// let sandbox = Sandbox::new();
/// sandbox.set_faults(Faults::new().latency(Duration::from_millis(20)).error_rate(0.3).retry_after(1))?;
/// # Ok::<(), anilibria_sandbox::InvalidFaults>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Faults {
    /// Delay before each response, in milliseconds, up to 60,000. Default: 0.
    pub latency_ms: u64,
    /// Share of calls that fail with `status`, from 0 to 1. Default: 0.
    ///
    /// The choice of calls depends on the seed. Each change of the faults restarts the sequence.
    pub error_rate: f64,
    /// Status of the failed calls, 400 to 599. Default: 503.
    pub status: u16,
    /// Seconds in the `Retry-After` header of the failed calls, up to 86,400. Default: none.
    pub retry_after: Option<u64>,
    /// Truncates each response in the middle of its body. Default: false.
    pub truncate: bool,
    /// Closes the connection instead of each response. Default: false.
    pub drop: bool,
    /// Path prefixes with faults, relative to the API root, such as `/anime/`; `/videos/` is the prefix of streams.
    /// Default: empty, which means all paths.
    ///
    /// At most 64 prefixes of up to 256 bytes.
    pub paths: Vec<String>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            error_rate: 0.0,
            status: 503,
            retry_after: None,
            truncate: false,
            drop: false,
            paths: Vec::new(),
        }
    }
}

impl Faults {
    /// Creates a value without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Delays each response, by up to 60 seconds. Default: no delay.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Sets the share of calls that fail, from 0 to 1. Default: 0.
    pub fn error_rate(mut self, rate: f64) -> Self {
        self.error_rate = rate;
        self
    }

    /// Sets the status of failing calls, 400 to 599. Default: 503.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Sets the seconds in the `Retry-After` header of failing calls, up to a day. Default: no header.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Truncates each response in the middle of its body. Default: false.
    pub fn truncate(mut self, truncate: bool) -> Self {
        self.truncate = truncate;
        self
    }

    /// Closes the connection instead of each response. Default: false.
    pub fn drop(mut self, drop: bool) -> Self {
        self.drop = drop;
        self
    }

    /// Limits the faults to paths with one of these prefixes, relative to the API root. Default: all paths.
    pub fn paths<P: Into<String>>(mut self, prefixes: impl IntoIterator<Item = P>) -> Self {
        self.paths = prefixes.into_iter().map(Into::into).collect();
        self
    }

    /// Reads faults from a JSON object and validates them. Errors name the field.
    pub(crate) fn from_json(value: &Value) -> Result<Self, InvalidFaults> {
        let Value::Object(fields) = value else {
            return Err(InvalidFaults::new("faults", "must be an object"));
        };
        // Field by field, because an error of the whole object does not name the field.
        for (name, field) in fields {
            Self::deserialize(&json!({name: field}))
                .map_err(|error| InvalidFaults::new(name, format!("is not valid: {error}")))?;
        }
        let faults = Self::deserialize(value)
            .map_err(|error| InvalidFaults::new("faults", format!("is not valid: {error}")))?;
        faults.check()?;
        Ok(faults)
    }

    pub(crate) fn check(&self) -> Result<(), InvalidFaults> {
        let check_max = |name: &str, value: u64, max: u64| match value {
            value if value <= max => Ok(()),
            _ => Err(InvalidFaults::new(name, format!("must not be greater than {max}"))),
        };
        check_max("latency_ms", self.latency_ms, MAX_LATENCY_MS)?;
        check_max("retry_after", self.retry_after.unwrap_or(0), MAX_RETRY_AFTER)?;
        if !(0.0..=1.0).contains(&self.error_rate) {
            return Err(InvalidFaults::new("error_rate", "must be between 0 and 1"));
        }
        if !(400..=599).contains(&self.status) {
            return Err(InvalidFaults::new("status", "must be between 400 and 599"));
        }
        if self.paths.len() > MAX_PATHS {
            return Err(InvalidFaults::new("paths", format!("must not have more than {MAX_PATHS} items")));
        }
        if self.paths.iter().any(|path| !path.starts_with('/') || path.len() > MAX_PATH_LENGTH) {
            let reason =
                format!("must contain prefixes that begin with \"/\", up to {MAX_PATH_LENGTH} bytes long");
            return Err(InvalidFaults::new("paths", reason));
        }
        Ok(())
    }

    fn applies_to(&self, path: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|prefix| path.starts_with(prefix.as_str()))
    }

    /// Creates the response of a failed call.
    fn failure(&self) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let message = status.canonical_reason().unwrap_or("Injected fault");
        let reply = Reply::json(status, &json!({"message": message}));
        match self.retry_after {
            Some(seconds) => reply.header(RETRY_AFTER, HeaderValue::from(seconds)),
            None => reply,
        }
    }
}

/// Error for invalid faults, with the field and the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
#[non_exhaustive]
pub struct InvalidFaults {
    /// Name of the field.
    pub field: String,
    /// Requirement that the value does not meet.
    pub reason: String,
}

impl InvalidFaults {
    fn new(field: &str, reason: impl Into<String>) -> Self {
        Self { field: field.to_owned(), reason: reason.into() }
    }
}

/// The current faults, with the random generator that selects the failed calls.
#[derive(Debug)]
pub(crate) struct Injector {
    seed: u64,
    faults: Faults,
    rng: Rng,
}

/// Faults of one call.
#[derive(Debug, Default)]
pub(crate) struct InjectedFaults {
    /// Delay before the response.
    pub(crate) latency: Duration,
    /// Response of a failed call.
    pub(crate) failure: Option<Reply>,
    /// Returns the number of bytes to send before the connection closes, from the length of the response.
    pub(crate) cut: Option<fn(usize) -> usize>,
}

impl Injector {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, faults: Faults::default(), rng: rng(seed) }
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn set(&mut self, faults: Faults) {
        *self = Self { seed: self.seed, faults, rng: rng(self.seed) };
    }

    /// Returns the faults for a call of `path`, which is relative to the API root.
    pub(crate) fn next_call(&mut self, path: &str) -> InjectedFaults {
        if !self.faults.applies_to(path) {
            return InjectedFaults::default();
        }
        let fails = self.faults.error_rate > 0.0 && self.rng.f64() < self.faults.error_rate;
        let cut: Option<fn(usize) -> usize> = match (self.faults.drop, self.faults.truncate) {
            (true, _) => Some(|_| 0),
            (false, true) => Some(|length| length / 2),
            (false, false) => None,
        };
        InjectedFaults {
            latency: Duration::from_millis(self.faults.latency_ms),
            failure: fails.then(|| self.faults.failure()),
            cut,
        }
    }
}

fn rng(seed: u64) -> Rng {
    random::stream(seed, "faults", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_field() {
        let cases = [
            (json!([]), "faults"),
            (json!({"latency": 1}), "latency"),
            (json!({"latency_ms": -1}), "latency_ms"),
            (json!({"latency_ms": 60_001}), "latency_ms"),
            (json!({"error_rate": 1.1}), "error_rate"),
            (json!({"error_rate": "half"}), "error_rate"),
            (json!({"status": 200}), "status"),
            (json!({"status": 70_000}), "status"),
            (json!({"retry_after": 86_401}), "retry_after"),
            (json!({"truncate": 1}), "truncate"),
            (json!({"paths": ["anime"]}), "paths"),
            (json!({"paths": vec!["/"; 65]}), "paths"),
        ];
        for (value, field) in cases {
            assert_eq!(Faults::from_json(&value).unwrap_err().field, field, "{value}");
        }
    }

    #[test]
    fn empty_object_removes_all_faults_and_full_one_is_applied() {
        let full = json!({"latency_ms": 5, "error_rate": 0.3, "status": 503, "retry_after": 1, "truncate": false,
            "drop": false, "paths": ["/anime/"]});

        assert_eq!(Faults::from_json(&json!({})).unwrap(), Faults::default());
        assert_eq!(serde_json::to_value(Faults::from_json(&full).unwrap()).unwrap(), full);
    }

    #[test]
    fn same_calls_fail_after_each_change() {
        let mut injector = Injector::new(7);
        let mut run = || {
            injector.set(Faults::new().error_rate(0.5));
            (0..200).map(|_| injector.next_call("/anime/genres").failure.is_some()).collect::<Vec<_>>()
        };

        let first = run();

        assert_eq!(first, run());
        assert!((60..140).contains(&first.iter().filter(|failed| **failed).count()));
    }

    #[test]
    fn faults_apply_to_the_given_paths_only() {
        let mut injector = Injector::new(7);
        injector.set(Faults::new().error_rate(1.0).paths(["/anime/"]));

        assert!(injector.next_call("/anime/genres").failure.is_some());
        assert!(injector.next_call("/app/status").failure.is_none());
    }
}
