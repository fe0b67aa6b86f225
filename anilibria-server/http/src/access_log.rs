//! Access log: spans and log lines of a request.

mod policy;
mod refusals;

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

pub use self::policy::{Logged, RequestLog};
use self::refusals::Refusals;
use crate::{
    User,
    error_chain::ErrorChain,
    metrics::count_error,
    problem::Problem,
    request_id::RequestId,
    trace::{ROOT, Root, Sampler, TraceParent},
};

/// Requests that were refused because too many were in progress.
static REFUSALS: Refusals = Refusals::new();

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

/// One request in the log: the span around its processing, and the line about its end. At debug level there is a line about
/// its start as well.
///
/// The fields that identify the request are recorded only when the log needs them: when the request has to wait, or fails.
/// An answer from memory does neither, and recording its id and path would cost more than the lookup.
pub struct Trace<'r> {
    span: Span,
    /// The root span of the trace, if the request is traced.
    root: Option<Root>,
    named: bool,
    ip: Option<IpAddr>,
    user: Option<User>,
    id: &'r RequestId,
    parent: Option<TraceParent>,
    method: Method,
    uri: Uri,
    started: Instant,
}

impl<'r> Trace<'r> {
    /// Creates the log of `request`, whose id is `id`. The request is traced if `sampler` selects it.
    pub fn of(request: &Request, id: &'r RequestId, sampler: Sampler) -> Self {
        let parent = TraceParent::of(request.headers());
        let is_traced = sampler.takes(parent.as_ref());
        let span =
            if is_traced { request_span!(ROOT, otel.kind = "server") } else { request_span!(module_path!()) };
        let root = is_traced.then(|| Root::of(&span, request));
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let user = request.extensions().get::<User>().copied();
        Self { span, root, named: false, ip: None, user, id, parent, method, uri, started: Instant::now() }
    }

    /// Logs the start of `request`, which came from `ip`.
    pub fn begin(&mut self, request: &Request, ip: Option<IpAddr>) {
        self.ip = ip;
        let is_logged = enabled!(Level::DEBUG);
        // At debug level, and in a trace, the span identifies the request from the start.
        if is_logged || self.root.is_some() {
            self.name();
        }
        if is_logged {
            let user_agent = request.header(header::USER_AGENT);
            self.span
                .in_scope(|| debug!(user_agent, content_type = request.content_type(), "Request started"));
        }
    }

    /// Records the route of the request: a pattern, not a path.
    pub fn route(&self, route: &str) {
        if let Some(root) = &self.root {
            root.name(&self.method, route);
        }
    }

    /// Runs `work` inside the span.
    pub async fn follow<F: Future>(&mut self, mut work: Pin<&mut F>) -> F::Output {
        future::poll_fn(|cx| {
            let step = self.span.in_scope(|| work.as_mut().poll(cx));
            if step.is_pending() {
                self.name();
            }
            step
        })
        .await
    }

    /// Logs the end of a request that was answered with `status`, and returns its duration. `log` decides the level.
    pub fn done(&mut self, status: StatusCode, log: RequestLog) -> Duration {
        let took = self.end(status);
        match log.level_of(status, took) {
            Logged::Failed => self.line(|| {
                warn!(status_code = status.as_u16(), duration_ms = millis(took), "Request failed");
            }),
            Logged::Slow => self.line(|| {
                warn!(status_code = status.as_u16(), duration_ms = millis(took), "Slow request");
            }),
            Logged::Listed => self.line(|| {
                info!(status_code = status.as_u16(), duration_ms = millis(took), "Request completed");
            }),
            Logged::Quiet if enabled!(Level::DEBUG) => self.line(|| {
                debug!(status_code = status.as_u16(), duration_ms = millis(took), "Request completed");
            }),
            Logged::Quiet => {}
        }
        took
    }

    /// Logs the end of a request that `problem` ended and that was answered with `status`, and returns its duration.
    pub fn failed(&mut self, problem: &Problem, status: StatusCode, log: RequestLog) -> Duration {
        if !problem.status().is_server_error() {
            return self.done(status, log);
        }
        let took = self.end(status);
        let error_type = problem.code().to_string();
        count_error("http_middleware", error_type.clone());
        let (status_code, duration_ms) = (status.as_u16(), millis(took));
        let error = ErrorChain(problem);
        match problem {
            // Overload is when lines are the most expensive, and all of them say the same.
            Problem::Overloaded => {
                if let Some(refused) = REFUSALS.count() {
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

    fn end(&self, status: StatusCode) -> Duration {
        if let Some(root) = &self.root {
            root.end(status);
        }
        self.started.elapsed()
    }

    /// Writes a line inside the span, which identifies the request.
    fn line(&mut self, write: impl FnOnce()) {
        self.name();
        self.span.in_scope(write);
    }

    fn name(&mut self) {
        if !self.named {
            self.named = true;
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

/// Returns `took` in milliseconds. Times below an hour are rounded to microseconds, so that they are short to read.
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
        fn listen(&self) -> tracing::subscriber::DefaultGuard {
            self.listen_from(Level::INFO)
        }

        fn listen_from(&self, level: Level) -> tracing::subscriber::DefaultGuard {
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
        Trace::of(request, id, Sampler::default()).failed(problem, problem.status(), RequestLog::default());
    }

    #[tokio::test]
    async fn what_is_logged_after_waiting_names_the_request() {
        let log = Log::default();
        let _listening = log.listen();
        let (request, id) = request();

        let work = async {
            tokio::task::yield_now().await;
            warn!("mirror failed");
        };
        Trace::of(&request, &id, Sampler::default()).follow(pin!(work)).await;

        let text = log.text();
        assert!(text.contains("mirror failed"), "{text}");
        assert!(text.contains("request_id=\"r-1\"") && text.contains("path=\"/titles\""), "{text}");
    }

    #[test]
    fn fault_names_the_request_and_all_its_causes() {
        let log = Log::default();
        let _listening = log.listen();
        let (request, id) = request();

        fail(&request, &id, &Problem::UpstreamTimeout("connection stalled".into()));

        let text = log.text();
        assert!(text.contains("WARN") && text.contains("request_id=\"r-1\""), "{text}");
        assert!(text.contains("AniLibria did not answer in time: connection stalled"), "{text}");
    }

    #[test]
    fn fault_names_the_trace_it_belongs_to() {
        let log = Log::default();
        let _listening = log.listen();
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
        let _listening = log.listen();
        let (request, id) = request();

        fail(&request, &id, &Problem::UpstreamTimeout("connection stalled".into()));
        Trace::of(&request, &id, Sampler::default())
            .done(StatusCode::SERVICE_UNAVAILABLE, RequestLog::default());

        let text = log.text();
        let [problem, status] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(problem.contains("status_code=504") && problem.contains("duration_ms="), "{problem}");
        assert!(status.contains("WARN") && status.contains("Request failed"), "{status}");
        assert!(status.contains("status_code=503") && status.contains("path=\"/titles\""), "{status}");
    }

    #[test]
    fn lines_identify_the_request_at_every_level_of_the_log() {
        let log = Log::default();
        let _listening = log.listen_from(Level::ERROR);
        let (request, id) = request();

        fail(&request, &id, &Problem::internal(std::fmt::Error));

        let text = log.text();
        assert!(text.contains("ERROR") && text.contains("request_id=\"r-1\""), "{text}");
    }

    #[test]
    fn mistake_of_the_client_is_not_logged() {
        let log = Log::default();
        let _listening = log.listen();
        let (request, id) = request();

        fail(&request, &id, &Problem::NotFound);

        assert_eq!(log.text(), "");
    }

    #[test]
    fn slow_request_is_a_warning_and_any_request_is_listed_on_demand() {
        let log = Log::default();
        let _listening = log.listen();
        let (request, id) = request();
        let mut trace = Trace::of(&request, &id, Sampler::default());

        trace.done(StatusCode::OK, RequestLog { slow: Duration::ZERO, all: false });
        trace.done(StatusCode::OK, RequestLog { all: true, ..RequestLog::default() });
        trace.done(StatusCode::OK, RequestLog::default());

        let text = log.text();
        let [slow, listed] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(slow.contains("WARN") && slow.contains("Slow request"), "{slow}");
        assert!(listed.contains("INFO") && listed.contains("Request completed"), "{listed}");
    }
}
