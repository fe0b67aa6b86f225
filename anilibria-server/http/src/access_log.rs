//! Access log: spans and log lines of a request.

use std::{
    error::Error as StdError,
    fmt,
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
    Level, Span, debug, enabled, error,
    field::{Empty, display},
    info_span, warn,
};

use crate::{
    User,
    metrics::count_error,
    problem::Problem,
    request_id::RequestId,
    trace::{ROOT, Root, Sampler, TraceParent},
};

/// Creates the span of a request. The target decides whether a trace starts with the span.
macro_rules! request_span {
    ($target:expr $(, $field:ident . $rest:ident = $value:expr)?) => {
        info_span!(
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

/// One request in the log: the span around its processing, and the lines about its start and end.
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

    /// Logs `problem` if it is a server error.
    pub fn fault(&mut self, problem: &Problem) {
        if !problem.status().is_server_error() {
            return;
        }
        self.name();
        let error_type = problem.code().to_string();
        count_error("http_middleware", error_type.clone());
        self.span.in_scope(|| match problem {
            // One line for each refused request: the level is low because overload is no fault, and logging takes time.
            Problem::Overloaded => debug!("Request refused: too many in progress"),
            Problem::Internal(_) => error!(error = %Chain(problem), error_type, "Request failed"),
            _ => warn!(error = %Chain(problem), error_type, "Request failed"),
        });
    }

    /// Logs the end of the request.
    pub fn done(&self, status: StatusCode) {
        if let Some(root) = &self.root {
            root.end(status);
        }
        if !enabled!(Level::DEBUG) {
            return;
        }
        let _inside = self.span.enter();
        let duration_ms = self.started.elapsed().as_secs_f64() * 1000.0;
        debug!(status_code = status.as_u16(), duration_ms, "Request completed");
    }

    /// Returns the time since the start of the request.
    pub fn took(&self) -> Duration {
        self.started.elapsed()
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

/// An error and its chain of causes, in one line.
struct Chain<'e>(&'e dyn StdError);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
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
            let log = self.clone();
            let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone());
            tracing::subscriber::set_default(subscriber.finish())
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

        Trace::of(&request, &id, Sampler::default())
            .fault(&Problem::UpstreamTimeout("connection stalled".into()));

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

        Trace::of(&request, &id, Sampler::default())
            .fault(&Problem::UpstreamTimeout("connection stalled".into()));

        let text = log.text();
        assert!(text.contains("trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\""), "{text}");
        assert!(text.contains("parent_span_id=\"00f067aa0ba902b7\""), "{text}");
    }

    #[test]
    fn mistake_of_the_client_is_not_logged() {
        let log = Log::default();
        let _listening = log.listen();
        let (request, id) = request();

        let mut trace = Trace::of(&request, &id, Sampler::default());
        trace.fault(&Problem::NotFound);
        trace.done(StatusCode::NOT_FOUND);

        assert_eq!(log.text(), "");
    }
}
