//! A part of a measurement as a process of its own: the same program again, started with other arguments.

use std::{
    env,
    ffi::OsStr,
    io::{self, BufRead as _, BufReader, Lines, Write as _},
    process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::process;

/// The other process; it ends when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts this program with `arguments`.
    pub fn start(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let orders = process.stdin.take().ok_or_else(ended)?;
        let answers = process.stdout.take().ok_or_else(ended)?;
        Ok(Self { process, orders, answers: BufReader::new(answers).lines() })
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> io::Result<String> {
        self.answers.next().ok_or_else(ended)?
    }

    /// Gives it a line to read.
    pub fn order(&mut self, order: &str) -> io::Result<()> {
        writeln!(self.orders, "{order}")
    }

    /// Bytes of memory that it has in use.
    pub fn memory(&self) -> io::Result<u64> {
        process::resident(self.process.id())
    }

    /// Time that cores have worked for it.
    pub fn worked(&self) -> io::Result<Duration> {
        process::worked(self.process.id())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the other process has ended")
}
