//! Starts the binary, and reads what it answers.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
};

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

/// The binary, with none of the environment's own settings, and without a mirror of the catalogue: most tests count or
/// break what is asked of AniLibria.
pub(crate) fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anilibria-server"));
    command.env_clear().env("CATALOGUE_ENABLED", "false").args(arguments);
    command
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    binary(arguments).output().unwrap()
}

/// A running service; killed when dropped.
pub(crate) struct Service {
    child: Child,
    /// Where it listens, as it says itself.
    pub(crate) origin: String,
    http: reqwest::Client,
}

impl Service {
    /// Starts `serve --sandbox` on a free port, with these arguments and variables besides.
    pub(crate) fn sandbox(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = binary(&["--sandbox", "--port", "0"]);
        command.args(arguments).envs(variables.iter().copied());
        Self::start(command)
    }

    /// Starts `command` and waits until it says where it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let origin = lines.find_map(|line| {
            let line = line.unwrap();
            let authority = line.split("http://").nth(1)?.split(['/', ' ']).next()?;
            Some(format!("http://{authority}"))
        });
        // Reads on, so that the service never waits for somebody to read what it prints.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, origin: origin.unwrap(), http: reqwest::Client::new() }
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

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
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
