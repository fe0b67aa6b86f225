//! A running service as a process, and the responses to its clients.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// Timeout of [`eventually`].
const TIMEOUT: Duration = Duration::from_mins(1);

/// Poll interval of [`eventually`].
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Returns a command that runs the binary with `arguments` and no settings of the environment.
///
/// The cache on disk, the rate limit, the local catalog and the watcher are off, because most tests count the requests
/// to AniLibria or let them fail.
pub(crate) fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anilibria-server"));
    command.env_clear().env("CACHE_DIR", "off").env("RATE_LIMIT_REQUESTS_PER_MINUTE", "0");
    command.env("CATALOGUE_ENABLED", "false").env("EVENTS_ENABLED", "false").args(arguments);
    command
}

/// Calls `poll` until it returns a value, and returns that value. Panics with `what` after [`TIMEOUT`].
pub(crate) async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(found) = poll().await {
            return found;
        }
        assert!(Instant::now() < deadline, "timeout after {TIMEOUT:?}: {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Runs the binary until it exits.
pub(crate) fn run(arguments: &[&str]) -> Output {
    binary(arguments).output().unwrap()
}

/// A running service. It is killed on drop, which fails the test if the log contains a panic.
pub(crate) struct Service {
    child: Child,
    /// Address of its listener.
    pub(crate) origin: String,
    http: reqwest::Client,
    printed: Arc<Mutex<String>>,
}

impl Service {
    /// Starts the service with its sandbox on a free port, with additional arguments and variables.
    pub(crate) fn sandbox(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = binary(&["--sandbox", "--port", "0"]);
        command.args(arguments).envs(variables.iter().copied());
        Self::start(command)
    }

    /// Starts a sandbox in a separate process. Several services can share it, and it survives them.
    pub(crate) fn upstream() -> Self {
        Self::start(binary(&["sandbox", "--port", "0"]))
    }

    /// Starts a service that reads from `upstream`, with additional variables.
    pub(crate) fn reading_from(upstream: &Self, variables: &[(&str, &str)]) -> Self {
        let mut command = binary(&["--port", "0"]);
        command.env("ANILIBRIA_API_URL", format!("{}/api/v1", upstream.origin));
        command.envs(variables.iter().copied());
        Self::start(command)
    }

    /// Starts `command` and waits until its log contains the address of its listener.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let printed = Arc::default();
        keep_reading(child.stderr.take().unwrap(), &printed);
        keep_reading(child.stdout.take().unwrap(), &printed);
        let origin = loop {
            if let Some(origin) = origin_in(&printed.lock().unwrap()) {
                break origin;
            }
            assert!(
                child.try_wait().unwrap().is_none(),
                "the process has exited: {}",
                printed.lock().unwrap()
            );
            std::thread::sleep(POLL_INTERVAL);
        };
        Self { child, origin, http: reqwest::Client::new(), printed }
    }

    /// Returns the output so far, which is mostly the log.
    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// Kills the process with SIGKILL and returns its output.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.printed()
    }

    /// Sends a GET request to a path under the prefix of API v2.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, &format!("/api/anilibria/v2{path}"), None).await
    }

    /// Sends a request to a path under the root.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.origin));
        if let Some(body) = body {
            request = request.json(&body);
        }
        Response::read(request.send().await.unwrap()).await
    }

    /// Sends a request with the value `token` of `Authorization`.
    pub(crate) async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.origin));
        request = request.header("authorization", token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Response::read(request.send().await.unwrap()).await
    }

    /// Sends a request with these headers and a JSON body.
    pub(crate) async fn send_with_headers(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &Value,
    ) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.origin)).json(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Response::read(request.send().await.unwrap()).await
    }

    /// Sends a GET request with these headers to a path under the root.
    pub(crate) async fn get_with_headers(&self, headers: &[(&'static str, &str)], path: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.origin));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Response::read(request.send().await.unwrap()).await
    }

    /// Sets the faults of the sandbox.
    pub(crate) async fn faults(&self, faults: Value) {
        let response = self.send(Method::PUT, "/sandbox/faults", Some(faults)).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.text);
    }

    /// Returns the number of requests to a path of the sandbox.
    pub(crate) async fn upstream_hits(&self, path: &str) -> usize {
        let log = self.send(Method::GET, "/sandbox/requests", None).await.json();
        log["requests"].as_array().unwrap().iter().filter(|request| request["path"] == path).count()
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns true if the process has exited.
    pub(crate) fn has_exited(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until the process exits.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A panic is a bug in every test, even if the service survives it.
        if !std::thread::panicking() {
            let printed = self.printed();
            assert!(!printed.contains("panicked at"), "{printed}");
        }
    }
}

/// Returns the origin in the log line `listening`.
fn origin_in(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("listening"))?;
    let authority = line.split("http://").nth(1)?.split(['"', '\u{1b}']).next()?;
    Some(format!("http://{authority}"))
}

/// Appends the lines of `from` to `to` in a thread, so that the process never blocks on a full pipe.
fn keep_reading(from: impl Read + Send + 'static, to: &Arc<Mutex<String>>) {
    let to = Arc::clone(to);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            to.lock().unwrap().extend([line.as_str(), "\n"]);
        }
    });
}

/// A response with its complete body.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Response {
    /// Sends `request` and returns the response.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// Returns the body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Returns a header as text, or an empty text if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that the response is the envelope of a success, and returns it.
    pub(crate) fn success(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let body = self.json();
        assert_eq!(body["success"], true, "{}", self.text);
        assert_eq!(body["meta"]["source"], "anilibria");
        assert!(body["meta"]["cached"].is_boolean());
        assert!(body["meta"].as_object().unwrap().contains_key("cache_expires"));
        body
    }

    /// Returns the cache level that served the response, or an empty text if none did.
    pub(crate) fn level(&self) -> String {
        self.success()["meta"]["cache_level"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns true if the response is stale. Panics if it is an error.
    pub(crate) fn is_stale(&self) -> bool {
        self.success()["meta"]["stale"] == true
    }

    /// Asserts that the response is an upstream error (502, 503 or 504), and returns its code.
    pub(crate) fn upstream_error(&self) -> String {
        assert!([502, 503, 504].contains(&self.status.as_u16()), "{}: {}", self.status, self.text);
        self.error(self.status.as_u16())
    }

    /// Asserts that the response is the error envelope with this status, and returns its code.
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["success"], false, "{}", self.text);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
        assert!(!body["error"]["message"].as_str().unwrap().is_empty());
        assert!(body["error"]["details"].is_object());
        body["error"]["code"].as_str().unwrap().to_owned()
    }
}
