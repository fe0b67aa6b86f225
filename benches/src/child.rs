//! A child process that runs this program with other arguments.

use std::{
    env,
    ffi::OsStr,
    io::{self, BufRead as _, BufReader, Lines, Write as _},
    process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::process;

/// A child process, which ends when the handle is dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts this program with `arguments`.
    pub fn start(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let stdin = process.stdin.take().ok_or_else(ended)?;
        let stdout = process.stdout.take().ok_or_else(ended)?;
        Ok(Self { process, stdin, stdout: BufReader::new(stdout).lines() })
    }

    /// Reads the next line that the process prints.
    pub fn read_line(&mut self) -> io::Result<String> {
        self.stdout.next().ok_or_else(ended)?
    }

    /// Writes a line to the stdin of the process.
    pub fn write_line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.stdin, "{line}")
    }

    /// Resident memory of the process, in bytes.
    pub fn memory(&self) -> io::Result<u64> {
        process::resident(self.process.id())
    }

    /// CPU time of the process.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        process::cpu_time(self.process.id())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the other process has ended")
}
