//! The terminal while the browser has it: raw mode, alternate screen, and the way back.

use std::{
    io::{self, IsTerminal as _, stdout},
    ops::{Deref, DerefMut},
};

use anyhow::Context as _;
use crossterm::{cursor::Show, execute};
use ratatui::{DefaultTerminal, backend::Backend as _};

/// The terminal in raw mode on its alternate screen. Dropping this restores the terminal, and so does a panic.
#[derive(Debug)]
pub(super) struct FullScreen(DefaultTerminal);

impl FullScreen {
    /// Takes the terminal over. There must [be one](is_usable).
    pub(super) fn enter() -> anyhow::Result<Self> {
        match ratatui::try_init() {
            Ok(terminal) => Ok(Self(terminal)),
            Err(error) => {
                restore();
                Err(error).context("the terminal could not be prepared")
            }
        }
    }

    /// Clears the terminal, so that the next frame draws every cell.
    ///
    /// `Terminal::clear` asks the terminal for its cursor, and fails after two seconds if there is no response.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.0.backend_mut().clear()?;
        self.0.swap_buffers();
        Ok(())
    }
}

impl Deref for FullScreen {
    type Target = DefaultTerminal;

    fn deref(&self) -> &DefaultTerminal {
        &self.0
    }
}

impl DerefMut for FullScreen {
    fn deref_mut(&mut self) -> &mut DefaultTerminal {
        &mut self.0
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        restore();
    }
}

/// Returns true if both input and output are a terminal that can place its cursor.
pub(super) fn is_usable() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

fn restore() {
    // A terminal that is gone cannot be restored.
    let _ = ratatui::try_restore();
    let _ = execute!(stdout(), Show);
}
