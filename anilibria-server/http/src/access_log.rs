//! Access log: spans and log lines of a request.

mod options;
mod throttle;

use std::{
    future::{self, Future},
    net::IpAddr,
    pin::Pin,
    time::{Duration, Instant},
};

use poem::{
    Request,
    http::{Method, StatusCode, Uri, header},
};
use tracing::{
    Level, Span, debug, enabled, error, error_span,
    field::{Empty, display},
    info, warn,
};

pub use self::options::{AccessLogOptions, LogLine};
use self::throttle::LogThrottle;
use crate::{
    User,
    error_chain::ErrorChain,
    metrics::count_error,
    problem::Problem,
    request_id::RequestId,
    trace::{ROOT_TARGET, RootSpan, Sampler, TraceParent},
};

/// Throttle of the lines about requests that were rejected because too many were in progress.
static OVERLOAD_THROTTLE: LogThrottle = LogThrottle::new();

/// Creates the span of a request. The target decides whether a trace starts with the span. The level is the least verbose
/// one: the lines inside the span need its fields at any level of the log.
macro_rules! request_span {
    ($target:expr $(, $field:ident . $rest:ident = $value:expr)?) => {
        error_span!(
            target: $target,
            "request",
            $($field.$rest = $value,)?
            request_id = Empty,
            trace_id = Empty,
            parent_span_id = Empty,
            method = Empty,
            path = Empty,
            ip = Empty,
            user_id = Empty
        )
    };
}

/// Log of one request: the span around its processing, and the line about its end. At debug level, there is also a line about
/// its start.
///
/// The fields that identify the request are recorded in the span only when a line needs them: when the request has to wait, or
/// fails. A response from memory needs neither, and recording the id and the path would cost more than the lookup.
pub struct RequestLogger<'r> {
    span: Span,
    /// The root span of the trace, if the request is traced.
    root: Option<RootSpan>,
    /// True if the span has the fields that identify the request.
    is_recorded: bool,
    ip: Option<IpAddr>,
    user: Option<User>,
    id: &'r RequestId,
    parent: Option<TraceParent>,
    method: Method,
    uri: Uri,
    started: Instant,
}

impl<'r> RequestLogger<'r> {
    /// Creates the span of `request`, whose id is `id`. The request is traced if `sampler` selects it.
    pub fn new(request: &Request, id: &'r RequestId, sampler: Sampler) -> Self {
        let parent = TraceParent::of(request.headers());
        let is_traced = sampler.should_sample(parent.as_ref());
        let span = if is_traced {
            request_span!(ROOT_TARGET, otel.kind = "server")
        } else {
            request_span!(module_path!())
        };
        let root = is_traced.then(|| RootSpan::new(&span, request));
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let user = request.extensions().get::<User>().copied();
        Self {
            span,
            root,
            is_recorded: false,
            ip: None,
            user,
            id,
            parent,
            method,
            uri,
            started: Instant::now(),
        }
    }

    /// Logs the start of `request`, which came from `ip`, at level `debug`.
    pub fn start(&mut self, request: &Request, ip: Option<IpAddr>) {
        self.ip = ip;
        let is_logged = enabled!(Level::DEBUG);
        // At debug level, and in a trace, the span identifies the request from the start.
        if is_logged || self.root.is_some() {
            self.record_fields();
        }
        if is_logged {
            let user_agent = request.header(header::USER_AGENT);
            self.span
                .in_scope(|| debug!(user_agent, content_type = request.content_type(), "Request started"));
        }
    }

    /// Names the root span after `route`, which must be a pattern, not a path.
    pub fn set_route(&self, route: &str) {
        if let Some(root) = &self.root {
            root.set_route(&self.method, route);
        }
    }

    /// Runs `work` inside the span. The span identifies the request from the first time that `work` waits.
    pub async fn instrument<F: Future>(&mut self, mut work: Pin<&mut F>) -> F::Output {
        future::poll_fn(|cx| {
            let step = self.span.in_scope(|| work.as_mut().poll(cx));
            if step.is_pending() {
                self.record_fields();
            }
            step
        })
        .await
    }

    /// Logs the end of a request that was answered with `status`, and returns its duration. `options` decide the level.
    pub fn finish(&mut self, status: StatusCode, options: AccessLogOptions) -> Duration {
        let took = self.close(status);
        match options.line_for(status, took) {
            LogLine::Failed => self.line(|| {
                warn!(status_code = status.as_u16(), duration_ms = millis(took), "Request failed");
            }),
            LogLine::Slow => self.line(|| {
                warn!(status_code = status.as_u16(), duration_ms = millis(took), "Slow request");
            }),
            LogLine::Info => self.line(|| {
                info!(status_code = status.as_u16(), duration_ms = millis(took), "Request completed");
            }),
            LogLine::Debug if enabled!(Level::DEBUG) => self.line(|| {
                debug!(status_code = status.as_u16(), duration_ms = millis(took), "Request completed");
            }),
            LogLine::Debug => {}
        }
        took
    }

    /// Logs the end of a request that failed with `problem` and was answered with `status`, and returns its duration.
    ///
    /// The causes of a server error are logged: at level `error` for an internal error, otherwise at `warn`. For
    /// [`Problem::Overloaded`], at most one line a second is written at this level. A client error is logged as by
    /// [`finish`](Self::finish).
    pub fn fail(&mut self, problem: &Problem, status: StatusCode, options: AccessLogOptions) -> Duration {
        if !problem.status().is_server_error() {
            return self.finish(status, options);
        }
        let took = self.close(status);
        let error_type = problem.code().to_string();
        count_error("http_middleware", error_type.clone());
        let (status_code, duration_ms) = (status.as_u16(), millis(took));
        let error = ErrorChain(problem);
        match problem {
            // During an overload, lines cost the most, and all of them are the same.
            Problem::Overloaded => {
                if let Some(refused) = OVERLOAD_THROTTLE.record() {
                    self.line(|| {
                        warn!(status_code, duration_ms, %error, error_type, refused, "Request failed");
                    });
                } else if enabled!(Level::DEBUG) {
                    self.line(|| debug!(status_code, duration_ms, %error, error_type, "Request failed"));
                }
            }
            Problem::Internal(_) => self.line(|| {
                error!(status_code, duration_ms, %error, error_type, "Request failed");
            }),
            _ => self.line(|| {
                warn!(status_code, duration_ms, %error, error_type, "Request failed");
            }),
        }
        took
    }

    fn close(&self, status: StatusCode) -> Duration {
        if let Some(root) = &self.root {
            root.set_status(status);
        }
        self.started.elapsed()
    }

    /// Writes a line inside the span, which identifies the request.
    fn line(&mut self, write: impl FnOnce()) {
        self.record_fields();
        self.span.in_scope(write);
    }

    fn record_fields(&mut self) {
        if !self.is_recorded {
            self.is_recorded = true;
            self.span.record("request_id", self.id.as_str());
            if let Some(parent) = &self.parent {
                self.span.record("trace_id", parent.trace_id());
                self.span.record("parent_span_id", parent.span_id());
            } else if let Some(root) = &self.root {
                self.span.record("trace_id", root.trace_id());
            }
            self.span.record("method", self.method.as_str());
            self.span.record("path", self.uri.path());
            if let Some(ip) = self.ip {
                self.span.record("ip", display(ip));
            }
            match self.user {
                Some(user) => self.span.record("user_id", user.id),
                None => self.span.record("user_id", "anonymous"),
            };
        }
    }
}

/// Returns `took` in milliseconds. Times below an hour are rounded to microseconds, which makes them shorter.
fn millis(took: Duration) -> f64 {
    let micros = u32::try_from(took.as_micros());
    micros.map_or_else(|_| took.as_secs_f64() * 1000.0, |micros| f64::from(micros) / 1000.0)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        pin::pin,
        sync::{Arc, Mutex},
    };

    use poem::http::HeaderMap;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Log {
        /// Sets this as the log of the current thread until the guard is dropped.
        fn capture(&self) -> tracing::subscriber::DefaultGuard {
            self.capture_from(Level::INFO)
        }

        fn capture_from(&self, level: Level) -> tracing::subscriber::DefaultGuard {
            let log = self.clone();
            let subscriber = tracing_subscriber::fmt().with_ansi(false).with_max_level(level);
            tracing::subscriber::set_default(subscriber.with_writer(move || log.clone()).finish())
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn request() -> (Request, RequestId) {
        let headers = HeaderMap::from_iter([(crate::request_id::HEADER, "r-1".parse().unwrap())]);
        let request = Request::builder().uri(Uri::from_static("/titles?page=2")).finish();
        (request, RequestId::of(&headers))
    }

    fn fail(request: &Request, id: &RequestId, problem: &Problem) {
        RequestLogger::new(request, id, Sampler::default()).fail(
            problem,
            problem.status(),
            AccessLogOptions::default(),
        );
    }

    #[tokio::test]
    async fn line_after_waiting_names_the_request() {
        let log = Log::default();
        let _capturing = log.capture();
        let (request, id) = request();

        let work = async {
            tokio::task::yield_now().await;
            warn!("mirror failed");
        };
        RequestLogger::new(&request, &id, Sampler::default()).instrument(pin!(work)).await;

        let text = log.text();
        assert!(text.contains("mirror failed"), "{text}");
        assert!(text.contains("request_id=\"r-1\"") && text.contains("path=\"/titles\""), "{text}");
    }

    #[test]
    fn failure_is_logged_with_the_request_and_all_causes() {
        let log = Log::default();
        let _capturing = log.capture();
        let (request, id) = request();

        fail(&request, &id, &Problem::UpstreamTimeout("connection stalled".into()));

        let text = log.text();
        assert!(text.contains("WARN") && text.contains("request_id=\"r-1\""), "{text}");
        assert!(text.contains("AniLibria did not answer in time: connection stalled"), "{text}");
    }

    #[test]
    fn failure_is_logged_with_the_trace() {
        let log = Log::default();
        let _capturing = log.capture();
        let (_, id) = request();
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let request = Request::builder().header("traceparent", parent).finish();

        fail(&request, &id, &Problem::UpstreamTimeout("connection stalled".into()));

        let text = log.text();
        assert!(text.contains("trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\""), "{text}");
        assert!(text.contains("parent_span_id=\"00f067aa0ba902b7\""), "{text}");
    }

    #[test]
    fn failed_request_is_one_line_with_its_status_and_duration() {
        let log = Log::default();
        let _capturing = log.capture();
        let (request, id) = request();

        fail(&request, &id, &Problem::UpstreamTimeout("connection stalled".into()));
        RequestLogger::new(&request, &id, Sampler::default())
            .finish(StatusCode::SERVICE_UNAVAILABLE, AccessLogOptions::default());

        let text = log.text();
        let [problem, status] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(problem.contains("status_code=504") && problem.contains("duration_ms="), "{problem}");
        assert!(status.contains("WARN") && status.contains("Request failed"), "{status}");
        assert!(status.contains("status_code=503") && status.contains("path=\"/titles\""), "{status}");
    }

    #[test]
    fn lines_identify_the_request_at_every_level_of_the_log() {
        let log = Log::default();
        let _capturing = log.capture_from(Level::ERROR);
        let (request, id) = request();

        fail(&request, &id, &Problem::internal(std::fmt::Error));

        let text = log.text();
        assert!(text.contains("ERROR") && text.contains("request_id=\"r-1\""), "{text}");
    }

    #[test]
    fn client_error_is_not_logged() {
        let log = Log::default();
        let _capturing = log.capture();
        let (request, id) = request();

        fail(&request, &id, &Problem::NotFound);

        assert_eq!(log.text(), "");
    }

    #[test]
    fn slow_request_is_a_warning_and_all_requests_are_logged_on_demand() {
        let log = Log::default();
        let _capturing = log.capture();
        let (request, id) = request();
        let mut logger = RequestLogger::new(&request, &id, Sampler::default());

        logger.finish(StatusCode::OK, AccessLogOptions { slow_threshold: Duration::ZERO, log_all: false });
        logger.finish(StatusCode::OK, AccessLogOptions { log_all: true, ..AccessLogOptions::default() });
        logger.finish(StatusCode::OK, AccessLogOptions::default());

        let text = log.text();
        let [slow, listed] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(slow.contains("WARN") && slow.contains("Slow request"), "{slow}");
        assert!(listed.contains("INFO") && listed.contains("Request completed"), "{listed}");
    }
}
