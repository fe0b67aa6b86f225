//! Starts the binary, and reads what it answers.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

/// How long [`eventually`] waits: what comes at all comes much sooner, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often [`eventually`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The binary, with none of the environment's own settings, nothing kept on the disk of whoever runs the tests, no
/// limit on how often they may ask, no mirror of the catalog and no
/// watcher: most tests count or break what is asked of AniLibria.
pub(crate) fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anilibria-server"));
    command.env_clear().env("CACHE_DIR", "off").env("RATE_LIMIT_REQUESTS_PER_MINUTE", "0");
    command.env("CATALOGUE_ENABLED", "false").env("EVENTS_ENABLED", "false").args(arguments);
    command
}

/// What `look` finds, as soon as it finds something.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not seen within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    binary(arguments).output().unwrap()
}

/// A running service; killed when dropped, which fails the test if anything in it has panicked.
pub(crate) struct Service {
    child: Child,
    /// Address of its listener.
    pub(crate) origin: String,
    http: reqwest::Client,
    printed: Arc<Mutex<String>>,
}

impl Service {
    /// Starts `serve --sandbox` on a free port, with these arguments and variables besides.
    pub(crate) fn sandbox(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = binary(&["--sandbox", "--port", "0"]);
        command.args(arguments).envs(variables.iter().copied());
        Self::start(command)
    }

    /// Starts the stand-in for AniLibria as a process of its own, for services to share and to outlive.
    pub(crate) fn upstream() -> Self {
        Self::start(binary(&["sandbox", "--port", "0"]))
    }

    /// Starts a service that reads from `upstream`, with these variables besides.
    pub(crate) fn reading_from(upstream: &Self, variables: &[(&str, &str)]) -> Self {
        let mut command = binary(&["--port", "0"]);
        command.env("ANILIBRIA_API_URL", format!("{}/api/v1", upstream.origin));
        command.envs(variables.iter().copied());
        Self::start(command)
    }

    /// Starts `command` and waits until its log has the address of its listener.
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
            assert!(child.try_wait().unwrap().is_none(), "it ended: {}", printed.lock().unwrap());
            std::thread::sleep(LOOK_EVERY);
        };
        Self { child, origin, http: reqwest::Client::new(), printed }
    }

    /// Returns everything that it printed, mostly the log.
    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// Ends the process without a warning (SIGKILL); returns what it had printed.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.printed()
    }

    /// Asks for a path below the base of the API.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, &format!("/api/anilibria/v2{path}"), None).await
    }

    /// Asks for a path from the root on.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.origin));
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// The same with a value for `Authorization`.
    pub(crate) async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.origin));
        request = request.header("authorization", token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// Sends a request with these headers.
    pub(crate) async fn send_all(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &Value,
    ) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.origin)).json(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer::read(request.send().await.unwrap()).await
    }

    /// Asks for a path from the root on with these headers.
    pub(crate) async fn send_with(&self, headers: &[(&'static str, &str)], path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.origin));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer::read(request.send().await.unwrap()).await
    }

    /// Sets the sandbox's faults.
    pub(crate) async fn faults(&self, faults: Value) {
        let answer = self.send(Method::PUT, "/sandbox/faults", Some(faults)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    /// How often the sandbox was asked for a path of its API.
    pub(crate) async fn upstream_hits(&self, path: &str) -> usize {
        let log = self.send(Method::GET, "/sandbox/requests", None).await.json();
        log["requests"].as_array().unwrap().iter().filter(|request| request["path"] == path).count()
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Whatever a test is about: a panic is always a fault, also where the service survives it.
        if !std::thread::panicking() {
            let printed = self.printed();
            assert!(!printed.contains("panicked at"), "{printed}");
        }
    }
}

/// Returns the address in the log line of a service that listens.
fn origin_in(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("listening"))?;
    let authority = line.split("http://").nth(1)?.split(['"', '\u{1b}']).next()?;
    Some(format!("http://{authority}"))
}

/// Keeps what is printed to `from`, so that the service never waits for somebody to read it.
fn keep_reading(from: impl Read + Send + 'static, to: &Arc<Mutex<String>>) {
    let to = Arc::clone(to);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            to.lock().unwrap().extend([line.as_str(), "\n"]);
        }
    });
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The answer to `request`.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header as text; empty when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body, after a check that it is the envelope of a good answer.
    pub(crate) fn good(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let body = self.json();
        assert_eq!(body["success"], true, "{}", self.text);
        assert_eq!(body["meta"]["source"], "anilibria");
        assert!(body["meta"]["cached"].is_boolean());
        assert!(body["meta"].as_object().unwrap().contains_key("cache_expires"));
        body
    }

    /// Which level answered; empty when none did.
    pub(crate) fn level(&self) -> String {
        self.good()["meta"]["cache_level"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether a good answer is past its time.
    pub(crate) fn is_stale(&self) -> bool {
        self.good()["meta"]["stale"] == true
    }

    /// The code of the error, after a check that it is one of those for which AniLibria is to blame.
    pub(crate) fn upstream_error(&self) -> String {
        assert!([502, 503, 504].contains(&self.status.as_u16()), "{}: {}", self.status, self.text);
        self.error(self.status.as_u16())
    }

    /// The code of the error, after a check that the body is the envelope of one with this status.
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
