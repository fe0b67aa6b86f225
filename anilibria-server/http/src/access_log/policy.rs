//! Settings of the request log, and the choice of a line by them.

use std::time::Duration;

use poem::http::StatusCode;

/// Duration from which a request counts as slow, unless set.
const SLOW: Duration = Duration::from_secs(1);

/// Settings of the request log. Failures and slow requests are always logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLog {
    /// Duration above which a request is slow.
    pub slow: Duration,
    /// True if all other requests are logged at `info` instead of `debug`.
    pub all: bool,
}

/// The line about the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    /// A warning: the request failed.
    Failed,
    /// A warning: the request was slow.
    Slow,
    /// A line at level `info`.
    Listed,
    /// A line at level `debug`.
    Quiet,
}

impl RequestLog {
    /// Returns these settings for a request of monitoring, which is not logged at level `info`.
    #[must_use]
    pub fn of_monitoring(self) -> Self {
        Self { all: false, ..self }
    }

    /// Returns the line about a request that was answered with `status` after `took`.
    pub fn level_of(self, status: StatusCode, took: Duration) -> Logged {
        if status.is_server_error() {
            Logged::Failed
        } else if took > self.slow {
            Logged::Slow
        } else if self.all {
            Logged::Listed
        } else {
            Logged::Quiet
        }
    }
}

impl Default for RequestLog {
    /// Returns settings that log failures and requests that take longer than one second.
    fn default() -> Self {
        Self { slow: SLOW, all: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_and_slow_requests_are_always_logged() {
        let (fast, slow) = (Duration::from_millis(1), Duration::from_millis(1001));
        let some = RequestLog::default();
        let all = RequestLog { all: true, ..some };

        for log in [some, all] {
            assert_eq!(log.level_of(StatusCode::INTERNAL_SERVER_ERROR, fast), Logged::Failed);
            assert_eq!(log.level_of(StatusCode::SERVICE_UNAVAILABLE, slow), Logged::Failed);
            assert_eq!(log.level_of(StatusCode::NOT_FOUND, slow), Logged::Slow);
        }
        assert_eq!(some.level_of(StatusCode::NOT_FOUND, fast), Logged::Quiet);
        assert_eq!(all.level_of(StatusCode::NOT_FOUND, fast), Logged::Listed);
        assert_eq!(all.of_monitoring().level_of(StatusCode::OK, fast), Logged::Quiet);
    }
}
