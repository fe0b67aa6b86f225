//! Keys, sizes and signals, as events.

use anyhow::Context as _;
use crossterm::event::{self, EventStream, KeyEventKind};
use futures::StreamExt as _;
use ratatui::layout::Size;

use super::state::Event;

/// The keys and sizes of the terminal, and the signals that end the program.
#[derive(Debug)]
pub(super) struct Input {
    terminal: EventStream,
    signals: Signals,
}

impl Input {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { terminal: EventStream::new(), signals: Signals::new()? })
    }

    /// Waits for the next event. Fails if the terminal is lost.
    ///
    /// # Cancel safety
    ///
    /// No event is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> anyhow::Result<Event> {
        loop {
            let event = tokio::select! {
                event = self.terminal.next() => event.context("the terminal was closed")?,
                () = self.signals.next() => return Ok(Event::Terminated),
            };
            match event.context("the terminal cannot be read")? {
                event::Event::Key(key) if key.kind != KeyEventKind::Release => return Ok(Event::Key(key)),
                event::Event::Resize(width, height) => return Ok(Event::Resized(Size { width, height })),
                _ => {}
            }
        }
    }
}

/// Signals after which the terminal has to be restored before the program ends. The program itself waits for Ctrl-C.
#[cfg(unix)]
#[derive(Debug)]
struct Signals([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self([signal(SignalKind::hangup())?, signal(SignalKind::terminate())?]))
    }

    async fn next(&mut self) {
        let [hangup, terminate] = &mut self.0;
        tokio::select! {
            _ = hangup.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// No signals: the console sends Ctrl-C as a key.
#[cfg(not(unix))]
#[derive(Debug)]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "signals of other systems may be unavailable")]
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
