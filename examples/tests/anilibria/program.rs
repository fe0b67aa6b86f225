//! The program without a terminal: its output goes into pipes.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Returns the command that starts `anilibria` with `arguments`. Its session is kept below `home`.
pub(crate) fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anilibria"));
    command.args(arguments).current_dir(home).env("ANILIBRIA_CONFIG_DIR", home.join("config"));
    for variable in ["CLICOLOR", "CLICOLOR_FORCE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs `anilibria` in an empty directory.
pub(crate) fn run(arguments: &[&str]) -> Run {
    let home = tempfile::tempdir().unwrap();
    run_in(home.path(), arguments)
}

/// Runs `anilibria --sandbox` in an empty directory.
pub(crate) fn sandbox(arguments: &[&str]) -> Run {
    run(&[&["--sandbox"], arguments].concat())
}

/// Runs `anilibria` in `home`.
pub(crate) fn run_in(home: &Path, arguments: &[&str]) -> Run {
    command(home, arguments).output().unwrap().into()
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    /// Returns stdout of a run that must have succeeded without a word on stderr.
    pub(crate) fn success(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        assert!(!self.stdout.contains('\u{1b}'), "{:?}", self.stdout);
        self.stdout
    }

    /// Returns stderr of a run that must have ended with `status`.
    pub(crate) fn failure(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{}{}", self.stdout, self.stderr);
        self.stderr
    }
}
