//! Questions to the terminal, with a time limit.

use crossterm::terminal;
use ratatui_image::{FontSize, picker::cap_parser::Response};

/// Maximum time for all responses.
#[cfg(unix)]
const TIMEOUT: std::time::Duration = std::time::Duration::from_millis(500);

/// Maximum number of bytes of all responses.
#[cfg(unix)]
const MAX_ANSWER: usize = 4096;

/// Returns the size of a cell in pixels, if the system knows it.
pub(super) fn cell_size() -> Option<FontSize> {
    let size = terminal::window_size().ok()?;
    let width = size.width.checked_div(size.columns).filter(|&width| width > 0)?;
    let height = size.height.checked_div(size.rows).filter(|&height| height > 0)?;
    Some(FontSize::new(width, height))
}

/// Queries the terminal for the image protocols that it supports, and returns its replies. A terminal that does not answer has
/// none.
#[cfg(unix)]
pub(super) fn replies() -> Vec<Response> {
    query_terminal().unwrap_or_default()
}

/// Returns no replies, because the console of this system cannot be read with a time limit.
#[cfg(not(unix))]
pub(super) fn replies() -> Vec<Response> {
    Vec::new()
}

#[cfg(unix)]
fn query_terminal() -> std::io::Result<Vec<Response>> {
    use std::{
        io::{self, Write as _},
        time::Instant,
    };

    use ratatui_image::picker::cap_parser::{Parser, QueryStdioOptions};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let options =
        QueryStdioOptions { blacklist_protocols: faulty_protocols(), ..QueryStdioOptions::default() };
    let mut output = io::stdout().lock();
    output.write_all(Parser::query(false, options).as_bytes())?;
    output.flush()?;

    let input = io::stdin();
    let deadline = Instant::now() + TIMEOUT;
    let mut parser = Parser::new();
    let mut replies = Vec::new();
    let mut buffer = [0; 256];
    let mut read = 0;
    while read < MAX_ANSWER {
        let left = deadline.saturating_duration_since(Instant::now());
        let wait = Timespec::try_from(left).unwrap_or_default();
        if left.is_zero() || poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&wait))? == 0 {
            break;
        }
        // The standard library would read ahead, and the keys after the responses would be lost.
        let count = rustix::io::read(&input, &mut buffer)?;
        if count == 0 {
            break;
        }
        read += count;
        for &byte in &buffer[..count] {
            replies.extend(parser.push(byte.into()));
        }
        // Every terminal replies to the last query, the query of its status.
        if replies.contains(&Response::Status) {
            break;
        }
    }
    Ok(replies)
}

/// Returns the protocols that the terminal announces and does not implement as this program uses them.
#[cfg(unix)]
fn faulty_protocols() -> Vec<ratatui_image::picker::ProtocolType> {
    use ratatui_image::picker::ProtocolType::{Kitty, Sixel};

    let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if has("KONSOLE_VERSION") {
        vec![Kitty, Sixel]
    } else if has("WEZTERM_EXECUTABLE") || std::env::var_os("TERM").is_some_and(|term| term == "linux") {
        vec![Kitty]
    } else {
        Vec::new()
    }
}
