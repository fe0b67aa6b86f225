//! Settings of the access log, and the choice of the line about a request.

use std::time::Duration;

use poem::http::StatusCode;

/// Default duration above which a request is slow.
const DEFAULT_SLOW_THRESHOLD: Duration = Duration::from_secs(1);

/// Settings of the access log. Failed and slow requests are always logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessLogOptions {
    /// Duration above which a request is slow. Default: one second.
    pub slow_threshold: Duration,
    /// Logs all other requests at level `info` instead of `debug`. Default: false.
    pub log_all: bool,
}

/// Line about the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLine {
    /// A warning: the request failed.
    Failed,
    /// A warning: the request was slow.
    Slow,
    /// A line at level `info`.
    Info,
    /// A line at level `debug`.
    Debug,
}

impl AccessLogOptions {
    /// Returns the settings for a request of monitoring: it is not logged at level `info`.
    #[must_use]
    pub fn for_monitoring(self) -> Self {
        Self { log_all: false, ..self }
    }

    /// Returns the line for a request that was answered with `status` after `took`.
    pub fn line_for(self, status: StatusCode, took: Duration) -> LogLine {
        if status.is_server_error() {
            LogLine::Failed
        } else if took > self.slow_threshold {
            LogLine::Slow
        } else if self.log_all {
            LogLine::Info
        } else {
            LogLine::Debug
        }
    }
}

impl Default for AccessLogOptions {
    /// Returns settings that log failures and requests that take longer than one second.
    fn default() -> Self {
        Self { slow_threshold: DEFAULT_SLOW_THRESHOLD, log_all: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_and_slow_requests_are_always_logged() {
        let (fast, slow) = (Duration::from_millis(1), Duration::from_millis(1001));
        let some = AccessLogOptions::default();
        let all = AccessLogOptions { log_all: true, ..some };

        for log in [some, all] {
            assert_eq!(log.line_for(StatusCode::INTERNAL_SERVER_ERROR, fast), LogLine::Failed);
            assert_eq!(log.line_for(StatusCode::SERVICE_UNAVAILABLE, slow), LogLine::Failed);
            assert_eq!(log.line_for(StatusCode::NOT_FOUND, slow), LogLine::Slow);
        }
        assert_eq!(some.line_for(StatusCode::NOT_FOUND, fast), LogLine::Debug);
        assert_eq!(all.line_for(StatusCode::NOT_FOUND, fast), LogLine::Info);
        assert_eq!(all.for_monitoring().line_for(StatusCode::OK, fast), LogLine::Debug);
    }
}
