//! The password: from a terminal without echo, or from stdin.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anilibria_client::Secret;
use anyhow::Context as _;
use tokio::task::spawn_blocking;

use crate::exit::Failure;

/// Maximum number of bytes that are read of stdin.
const MAX_LINE: u64 = 4096;

/// Reads the login from the terminal.
pub(super) async fn read_login() -> anyhow::Result<String> {
    let line = ask("Login: ", read_line).await?;
    if line.is_empty() { Err(Failure::Usage("the login is empty".to_owned()).into()) } else { Ok(line) }
}

/// Reads the password from the terminal, or from the first line of stdin.
pub(super) async fn read() -> anyhow::Result<Secret> {
    let password = if io::stdin().is_terminal() {
        // Before the prompt, so that a password that is pasted at once is not shown.
        let _off = echo::Off::start();
        ask("Password: ", echo::read).await?
    } else {
        spawn_blocking(read_line).await?.context("cannot read the password from stdin")?
    };
    if password.is_empty() {
        return Err(Failure::Usage("the password is empty".to_owned()).into());
    }
    Ok(password.into())
}

async fn ask(
    prompt: &'static str,
    read: impl FnOnce() -> io::Result<String> + Send + 'static,
) -> anyhow::Result<String> {
    let line = spawn_blocking(move || {
        // On stderr, so that stdout holds the result only.
        let mut stderr = io::stderr();
        stderr.write_all(prompt.as_bytes()).and_then(|()| stderr.flush())?;
        read()
    });
    line.await?.context("cannot read from the terminal")
}

/// Reads a line of stdin, without the line break.
fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(MAX_LINE).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The echo of the terminal, which Ctrl-C in the middle of a password must not leave off.
#[cfg(unix)]
mod echo {
    use std::io::{self, Write as _};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// Switches the echo off until this is dropped.
    pub(super) struct Off(Option<Termios>);

    impl Off {
        pub(super) fn start() -> Self {
            let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
            let mut settings = before.clone();
            settings.local_modes.remove(LocalModes::ECHO);
            Self(tcsetattr(io::stdin(), OptionalActions::Now, &settings).ok().map(|()| before))
        }
    }

    impl Drop for Off {
        fn drop(&mut self) {
            if let Some(before) = &self.0 {
                // There is no other way to restore the settings.
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            }
        }
    }

    /// Reads a line while the echo is off.
    pub(super) fn read() -> io::Result<String> {
        let line = super::read_line()?;
        // The line break was not shown either.
        io::stderr().write_all(b"\n")?;
        Ok(line)
    }
}

#[cfg(not(unix))]
mod echo {
    use std::io;

    use console::Term;

    /// The console switches its echo off by itself.
    pub(super) struct Off;

    impl Off {
        pub(super) fn start() -> Self {
            Self
        }
    }

    /// Reads a line without echo.
    pub(super) fn read() -> io::Result<String> {
        Term::stderr().read_secure_line()
    }
}
