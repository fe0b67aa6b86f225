//! A server process that cannot outlive the test that started it.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

/// Limit for the start of a server, until it responds.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Interval between checks of a starting server.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Number of log lines at the end of an error message.
const LOG_TAIL: usize = 20;

/// Starts the command in `$@`, prints its process id, and kills the process at the end of stdin. The system closes the
/// other end of stdin whenever the test process ends. The process id stays reserved until `wait`. Child processes of the
/// server are in the process group of the watchdog and are killed with it.
const WATCHDOG: &str = r#"
    log=$1
    shift
    : >"$log"
    "$@" </dev/null >"$log" 2>&1 &
    echo $!
    read -r _
    kill -KILL $!
    wait $!
    kill -KILL 0
"#;

/// A command that can be started again after it was killed.
#[derive(Debug)]
pub(crate) struct Process {
    command: Vec<OsString>,
    log: PathBuf,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    watchdog: Child,
    /// Dropped first: the end of stdin releases the watchdog.
    lifeline: Option<ChildStdin>,
    id: u32,
}

impl Process {
    /// Describes a process without starting it. Its log is in `directory`.
    pub(crate) fn new(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        directory: &Path,
    ) -> Self {
        let mut command = vec![program.as_os_str().to_owned()];
        command.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        Self { command, log: directory.join("log"), running: None }
    }

    /// Starts the command and waits until `answers` returns true. A running process is killed first.
    ///
    /// Each start truncates the log.
    pub(crate) fn start(&mut self, mut answers: impl FnMut(&Self) -> bool) -> Result<(), StartError> {
        self.kill();
        self.running = Some(Running::start(&self.command, &self.log).map_err(StartError::Other)?);
        let deadline = Instant::now() + START_LIMIT;
        while !answers(self) {
            if self.log().to_lowercase().contains("address already in use") {
                return Err(StartError::PortTaken);
            }
            self.pause(deadline, "did not answer").map_err(StartError::Other)?;
        }
        Ok(())
    }

    /// Waits until `done` returns true. `failure` completes the error message, as in "did not form a cluster".
    pub(crate) fn wait_until(
        &self,
        failure: &str,
        mut done: impl FnMut(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while !done(self) {
            self.pause(deadline, failure)?;
        }
        Ok(())
    }

    fn pause(&self, deadline: Instant, failure: &str) -> anyhow::Result<()> {
        ensure!(Instant::now() < deadline, self.failure(&format!("{failure} in {START_LIMIT:?}")));
        thread::sleep(POLL_INTERVAL);
        Ok(())
    }

    /// Kills the process (SIGKILL) and waits for its end. Does nothing if the process is not running.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    /// Suspends the process (SIGSTOP) and waits until all of its threads are stopped.
    pub(crate) fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")?;
        self.wait_until("did not stop", |process| process.id().is_some_and(is_stopped))
    }

    /// Resumes a suspended process (SIGCONT).
    pub(crate) fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    /// Sends the signal `name`, which has no prefix `SIG`.
    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let id = self.id().context("the server does not run")?;
        let status =
            Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &id.to_string()]).status()?;
        ensure!(status.success(), "signal {name} to process {id}: {status}");
        Ok(())
    }

    /// Process id; `None` before the start and after a kill.
    pub(crate) fn id(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.id)
    }

    /// Output of the process since its last start.
    pub(crate) fn log(&self) -> String {
        fs::read(&self.log).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    /// Creates an error that ends with the last lines of the log.
    fn failure(&self, what: &str) -> anyhow::Error {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let tail =
            lines.iter().skip(lines.len().saturating_sub(LOG_TAIL)).copied().collect::<Vec<_>>().join("\n");
        let program = self.command.first().map(|program| program.display().to_string()).unwrap_or_default();
        anyhow::anyhow!("{program} {what}; the end of its log:\n{tail}")
    }
}

/// Errors of a start.
#[derive(Debug)]
pub(crate) enum StartError {
    /// Another process listens on the port, which was free when it was chosen.
    PortTaken,
    Other(anyhow::Error),
}

impl From<StartError> for anyhow::Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::PortTaken => anyhow::anyhow!("the port of the server is taken"),
            StartError::Other(error) => error,
        }
    }
}

impl Running {
    fn start(command: &[OsString], log: &Path) -> anyhow::Result<Self> {
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(log)
            .args(command)
            // Ctrl-C in a terminal signals the process group of the test. The watchdog must survive it to kill the server.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start sh")?;
        let lifeline = watchdog.stdin.take();
        let Some(stdout) = watchdog.stdout.take() else { bail!("the watchdog has no stdout") };
        let mut id = String::new();
        BufReader::new(stdout).read_line(&mut id).context("cannot read the process id")?;
        let id = id.trim().parse().with_context(|| format!("not a process id: {id:?}"))?;
        Ok(Self { watchdog, lifeline, id })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.lifeline = None;
        // An error means that the watchdog has already ended.
        let _ = self.watchdog.wait();
    }
}

/// Returns true if all threads are stopped. Only Linux reports the state of threads; other systems return true at once.
fn is_stopped(id: u32) -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else { return false };
    threads.flatten().all(|thread| {
        // The state is the letter after the name. The name is in parentheses and may contain parentheses.
        let status = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        status.rsplit_once(") ").is_some_and(|(_, status)| status.starts_with('T'))
    })
}
