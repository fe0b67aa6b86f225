//! Output of the addresses of a started service: lines on a terminal, or one line of the log.

use std::io::{self, IsTerminal as _, Write as _};

use anilibria_client::sandbox::Sandbox;
use tracing::{info, warn};

use crate::config::LogFormat;

/// A name and its value, such as a URL.
pub(super) type Line = (&'static str, String);

/// Prints `lines` if the standard output is a terminal and the log is text. Otherwise logs `url`.
pub(super) fn announce(url: &str, format: LogFormat, lines: &[Line]) {
    let mut output = io::stdout();
    if format == LogFormat::Json || !output.is_terminal() {
        info!(url, "listening");
    } else if let Err(error) = output.write_all(aligned(lines).as_bytes()) {
        warn!(%error, url, "cannot print addresses");
    }
}

/// Returns the login and the password of the sandbox's account.
pub(super) fn account() -> String {
    format!("{} / {}", Sandbox::LOGIN, Sandbox::PASSWORD)
}

/// Returns `lines` as text, with the values in one column.
fn aligned(lines: &[Line]) -> String {
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let rows = lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n"));
    rows.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_aligned_in_one_column() {
        let text = aligned(&[("Live events", "http://a/".to_owned()), ("Account", account())]);

        assert_eq!(text, "Live events  http://a/\nAccount      demo / demo\n");
    }
}
