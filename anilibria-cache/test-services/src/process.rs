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

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How often a server that starts is asked whether it is there.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How much of the end of a server's log a failure shows, in lines.
const LOG_TAIL: usize = 20;

/// Starts the command in `$@`, tells its process id, and kills it once nobody holds the other end of stdin: the system
/// closes that end however the test process goes. Until `wait`, the id belongs to no other process. What the server has
/// started itself is in the watchdog's group, and goes with that.
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
    /// Dropped first of all, to release the watchdog.
    lifeline: Option<ChildStdin>,
    id: u32,
}

impl Process {
    /// A process that has not started yet; `directory` gets its log.
    pub(crate) fn new(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        directory: &Path,
    ) -> Self {
        let mut command = vec![program.as_os_str().to_owned()];
        command.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        Self { command, log: directory.join("log"), running: None }
    }

    /// Starts the command, after a kill if it still runs, and waits until `answers` says so.
    ///
    /// Each start has a log of its own.
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

    /// Waits until `done`; the error says what the server did not do, as in "did not form a cluster".
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

    /// Kills the process (SIGKILL) and waits until it is gone. Nothing happens if it does not run.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    /// Stops the process (SIGSTOP), and waits until none of its threads runs.
    pub(crate) fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")?;
        self.wait_until("did not stop", |process| process.id().is_some_and(is_stopped))
    }

    /// Lets a stopped process go on (SIGCONT).
    pub(crate) fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    /// Sends a signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let id = self.id().context("the server does not run")?;
        let status =
            Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &id.to_string()]).status()?;
        ensure!(status.success(), "signal {name} to process {id}: {status}");
        Ok(())
    }

    /// The process id, if it was started and not killed.
    pub(crate) fn id(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.id)
    }

    /// What the process has printed since its last start.
    pub(crate) fn log(&self) -> String {
        fs::read(&self.log).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    /// An error about this process that ends with the last lines of its log.
    fn failure(&self, what: &str) -> anyhow::Error {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let tail =
            lines.iter().skip(lines.len().saturating_sub(LOG_TAIL)).copied().collect::<Vec<_>>().join("\n");
        let program = self.command.first().map(|program| program.display().to_string()).unwrap_or_default();
        anyhow::anyhow!("{program} {what}; the end of its log:\n{tail}")
    }
}

/// Why a process did not start.
#[derive(Debug)]
pub(crate) enum StartError {
    /// Somebody else listens on the port, which was free when it was chosen.
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
            // Ctrl-C in a terminal reaches the whole group of the test; the watchdog has to survive that to do its work.
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
        // Nothing is left to do if this fails: the watchdog is gone already.
        let _ = self.watchdog.wait();
    }
}

/// Whether every thread is stopped. Only Linux tells; elsewhere the signal is taken at its word.
fn is_stopped(id: u32) -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else { return false };
    threads.flatten().all(|thread| {
        // The state is a letter after the name, which is in parentheses and may have some itself.
        let status = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        status.rsplit_once(") ").is_some_and(|(_, status)| status.starts_with('T'))
    })
}
