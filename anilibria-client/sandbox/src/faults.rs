//! Fault injection: slow, failing, truncated and dropped answers.

use std::time::Duration;

use fastrand::Rng;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chance;
use super::reply::Reply;

/// Maximum delay, in milliseconds.
const MAX_LATENCY_MS: u64 = 60_000;
/// Maximum `Retry-After`, in seconds.
const MAX_RETRY_AFTER: u64 = 86_400;
const MAX_PATHS: usize = 64;
const MAX_PATH_LENGTH: usize = 256;

/// Faults of the stand-in API; none by default.
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
    /// Delay before each answer, in milliseconds, up to 60,000. Default: 0.
    pub latency_ms: u64,
    /// Share of calls that are answered with `status`, from 0 to 1. Default: 0.
    ///
    /// The choice of calls depends on the seed and starts again after each change of the faults.
    pub error_rate: f64,
    /// Status of the failed calls, 400 to 599. Default: 503.
    pub status: u16,
    /// Seconds in the `Retry-After` header of the failed calls, up to 86,400. Default: none.
    pub retry_after: Option<u64>,
    /// Breaks off every answer in the middle of its body. Default: false.
    pub truncate: bool,
    /// Closes the connection instead of every answer. Default: false.
    pub drop: bool,
    /// Prefixes of the paths with faults, below the API root, such as `/anime/`; `/videos/` are the streams.
    /// Default: none, which means all paths.
    ///
    /// At most 64, each up to 256 bytes long.
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
    /// Makes a value without any fault.
    pub fn new() -> Self {
        Self::default()
    }

    /// Delays each answer, by up to a minute. Default: none.
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

    /// Breaks off every answer in the middle of its body. Default: false.
    pub fn truncate(mut self, truncate: bool) -> Self {
        self.truncate = truncate;
        self
    }

    /// Closes the connection instead of every answer. Default: false.
    pub fn drop(mut self, drop: bool) -> Self {
        self.drop = drop;
        self
    }

    /// Limits the faults to paths with one of these prefixes, below the API root. Default: all paths.
    pub fn paths<P: Into<String>>(mut self, prefixes: impl IntoIterator<Item = P>) -> Self {
        self.paths = prefixes.into_iter().map(Into::into).collect();
        self
    }

    /// Reads faults from a JSON object and checks them; errors name the field.
    pub(crate) fn from_json(value: &Value) -> Result<Self, InvalidFaults> {
        let Value::Object(fields) = value else {
            return Err(InvalidFaults::new("faults", "must be an object"));
        };
        // Field by field first, because the error of a whole object does not tell where it went wrong.
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
        let most = |name: &str, value: u64, most: u64| match value {
            value if value <= most => Ok(()),
            _ => Err(InvalidFaults::new(name, format!("must not be greater than {most}"))),
        };
        most("latency_ms", self.latency_ms, MAX_LATENCY_MS)?;
        most("retry_after", self.retry_after.unwrap_or(0), MAX_RETRY_AFTER)?;
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
                format!("must hold prefixes that begin with \"/\", up to {MAX_PATH_LENGTH} bytes long");
            return Err(InvalidFaults::new("paths", reason));
        }
        Ok(())
    }

    fn strikes(&self, path: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|prefix| path.starts_with(prefix.as_str()))
    }

    /// Makes the answer of a failing call.
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

/// The error for faults that are refused: the field and the reason.
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

/// The faults in force, with the random generator that chooses the failing calls.
#[derive(Debug)]
pub(crate) struct Injector {
    seed: u64,
    faults: Faults,
    dice: Rng,
}

/// The faults of one call.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    /// Delay before the answer.
    pub(crate) latency: Duration,
    /// Answer in place of the real one.
    pub(crate) failure: Option<Reply>,
    /// Number of bytes to send before the connection breaks, as a function of the length of the answer.
    pub(crate) cut: Option<fn(usize) -> usize>,
}

impl Injector {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, faults: Faults::default(), dice: dice(seed) }
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn set(&mut self, faults: Faults) {
        *self = Self { seed: self.seed, faults, dice: dice(self.seed) };
    }

    /// Decides about a call of `path`, below the API root.
    pub(crate) fn strike(&mut self, path: &str) -> Strike {
        if !self.faults.strikes(path) {
            return Strike::default();
        }
        let fails = self.faults.error_rate > 0.0 && self.dice.f64() < self.faults.error_rate;
        let cut: Option<fn(usize) -> usize> = match (self.faults.drop, self.faults.truncate) {
            (true, _) => Some(|_| 0),
            (false, true) => Some(|length| length / 2),
            (false, false) => None,
        };
        Strike {
            latency: Duration::from_millis(self.faults.latency_ms),
            failure: fails.then(|| self.faults.failure()),
            cut,
        }
    }
}

fn dice(seed: u64) -> Rng {
    chance::stream(seed, "faults", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_field() {
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
    fn an_empty_object_clears_and_a_full_one_is_kept() {
        let full = json!({"latency_ms": 5, "error_rate": 0.3, "status": 503, "retry_after": 1, "truncate": false,
            "drop": false, "paths": ["/anime/"]});

        assert_eq!(Faults::from_json(&json!({})).unwrap(), Faults::default());
        assert_eq!(serde_json::to_value(Faults::from_json(&full).unwrap()).unwrap(), full);
    }

    #[test]
    fn the_same_calls_fail_after_each_change() {
        let mut injector = Injector::new(7);
        let mut run = || {
            injector.set(Faults::new().error_rate(0.5));
            (0..200).map(|_| injector.strike("/anime/genres").failure.is_some()).collect::<Vec<_>>()
        };

        let first = run();

        assert_eq!(first, run());
        assert!((60..140).contains(&first.iter().filter(|failed| **failed).count()));
    }

    #[test]
    fn only_the_given_paths_are_struck() {
        let mut injector = Injector::new(7);
        injector.set(Faults::new().error_rate(1.0).paths(["/anime/"]));

        assert!(injector.strike("/anime/genres").failure.is_some());
        assert!(injector.strike("/app/status").failure.is_none());
    }
}
