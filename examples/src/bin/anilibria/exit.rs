//! The end of the program: its exit status, and the sentence about an error.

use std::{io, process::ExitCode};

use anilibria_client::Error;

use crate::output::text;

/// Exit statuses of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Success = 0,
    Failure = 1,
    Usage = 2,
    NothingFound = 3,
    Refused = 4,
    Unreachable = 5,
    Interrupted = 130,
}

/// Errors of the program itself, each with an exit status.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line is valid for the parser and cannot be carried out.
    #[error("{0}")]
    Usage(String),
    /// There is no result.
    #[error("{0}")]
    NothingFound(String),
    /// The user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// Prints the error of `outcome` to stderr and returns the exit status.
pub(crate) fn finish(outcome: anyhow::Result<()>) -> ExitCode {
    let status = match outcome {
        Ok(()) => Status::Success,
        // The reader of the output has left, as `head` does: there is no one to report to.
        Err(error) if is_closed_pipe(&error) => Status::Success,
        Err(error) => {
            report(&error);
            status(&error)
        }
    };
    ExitCode::from(status as u8)
}

/// Prints `error` to stderr as a line.
pub(crate) fn report(error: &anyhow::Error) {
    anstream::eprintln!("anilibria: {}", sentence(error));
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    // Of the program's own output only: the SDK boxes the errors of its connections.
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn status(error: &anyhow::Error) -> Status {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return match failure {
                Failure::Usage(_) => Status::Usage,
                Failure::NothingFound(_) => Status::NothingFound,
                Failure::Interrupted => Status::Interrupted,
            };
        }
        if let Some(error) = cause.downcast_ref::<Error>() {
            return match error {
                Error::NotFound { .. } => Status::NothingFound,
                Error::NoSession | Error::Unauthorized { .. } | Error::LoginExpired => Status::Refused,
                error if error.is_transient() => Status::Unreachable,
                _ => Status::Failure,
            };
        }
    }
    Status::Failure
}

/// Returns `error` with its causes in one line. Causes that the text before them already names are left out.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let part = text::line(&cause.to_string());
        if !parts.iter().any(|known| known.contains(&part)) {
            parts.push(part);
        }
        // Errors of connections name their root cause; what lies between says nothing more.
        if let Some(Error::Connect { .. } | Error::Interrupted { .. }) = cause.downcast_ref() {
            break;
        }
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::Context as _;

    use super::*;

    #[test]
    fn status_follows_from_the_error_below_its_context() {
        let not_found = Error::NotFound { message: "no such release".to_owned() };
        let timeout = Error::Timeout { host: "one.example".to_owned(), after: Duration::from_secs(1) };
        let refused = Error::Unauthorized { status: 401, message: "wrong".to_owned() };
        let cases: [(anyhow::Error, Status); 6] = [
            (not_found.into(), Status::NothingFound),
            (anyhow::Error::new(timeout).context("cannot read"), Status::Unreachable),
            (refused.into(), Status::Refused),
            (Error::NoSession.into(), Status::Refused),
            (Failure::Interrupted.into(), Status::Interrupted),
            (anyhow::anyhow!("other"), Status::Failure),
        ];
        for (error, expected) in cases {
            assert_eq!(status(&error), expected, "{error}");
        }
    }

    #[test]
    fn sentence_names_each_cause_once_and_has_no_control_characters() {
        let missing = io::Error::new(io::ErrorKind::NotFound, "no such\n\u{1b}[31mfile");
        let error = Err::<(), _>(missing).context("cannot read `a`").unwrap_err();

        assert_eq!(sentence(&error), "cannot read `a`: no such [31mfile");
        assert_eq!(sentence(&error.context("cannot read `a`")), "cannot read `a`: no such [31mfile");
    }
}
