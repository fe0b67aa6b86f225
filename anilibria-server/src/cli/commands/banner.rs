//! The address of a service that has started: lines for a person at a terminal, or one line of the log.

use std::io::{self, IsTerminal as _, Write as _};

use anilibria_client::sandbox::Sandbox;
use tracing::{info, warn};

use crate::config::LogFormat;

/// A name, and an address or another value.
pub(super) type Line = (&'static str, String);

/// Prints `lines` if the standard output is a terminal and the log is text. Otherwise logs the address `url`.
pub(super) fn announce(url: &str, format: LogFormat, lines: &[Line]) {
    let mut output = io::stdout();
    if format == LogFormat::Json || !output.is_terminal() {
        info!(url, "listening");
    } else if let Err(error) = output.write_all(rendered(lines).as_bytes()) {
        warn!(%error, url, "addresses cannot be printed");
    }
}

/// Returns the login and the password of the sandbox's account.
pub(super) fn account() -> String {
    format!("{} / {}", Sandbox::LOGIN, Sandbox::PASSWORD)
}

/// Returns `lines` with their values in one column.
fn rendered(lines: &[Line]) -> String {
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let rendered = lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n"));
    rendered.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_one_column() {
        let text = rendered(&[("Live events", "http://a/".to_owned()), ("Account", account())]);

        assert_eq!(text, "Live events  http://a/\nAccount      demo / demo\n");
    }
}
