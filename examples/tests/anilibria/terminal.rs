//! The program in a pseudo-terminal: keys go in, and what the terminal shows is read back.

use std::{
    io::{Read as _, Write},
    num::NonZeroU16,
    process::Command,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Parser, Screen};

/// Time limit of each wait. A loaded machine may be slow; a wait that is over in time costs nothing.
const DEADLINE: Duration = Duration::from_mins(1);
/// Lines that have left the screen at the top and can still be read.
const SCROLLBACK: usize = 1000;

/// The program in a pseudo-terminal. It is killed when this is dropped.
pub(crate) struct Terminal {
    shared: Arc<Shared>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

#[derive(Default)]
struct Shared {
    display: Mutex<Display>,
    changed: Condvar,
}

#[derive(Default)]
struct Display {
    parser: Parser,
    /// Everything that the program has written.
    written: Vec<u8>,
    /// True once the program has closed the terminal.
    is_closed: bool,
}

impl Terminal {
    /// Starts `anilibria` with `arguments` in a terminal of `rows` and `columns`, with some more environment variables.
    pub(crate) fn spawn((rows, columns): (u16, u16), arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(rows, columns)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_anilibria"));
        command.args(arguments);
        command.cwd(std::env::temp_dir());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "CI"] {
            command.env_remove(variable);
        }
        command.env("TERM", "xterm-256color");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        // The terminal is closed when the last program that has it open ends.
        drop(pair.slave);

        let shared = Arc::new(Shared::default());
        let (rows, columns) = nonzero(rows, columns);
        shared.lock().parser = Parser::new(rows, columns, SCROLLBACK);
        let reader = pair.master.try_clone_reader().unwrap();
        thread::spawn({
            let shared = shared.clone();
            move || read(reader, &shared)
        });
        let writer = pair.master.take_writer().unwrap();
        Self { shared, master: pair.master, writer, child }
    }

    /// Sends keys: text, `"\r"` for Enter, `"\u{1b}[A"` for Up, `"\u{3}"` for Ctrl-C.
    pub(crate) fn send(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Changes the size of the terminal, of which the program is notified.
    pub(crate) fn resize(&mut self, rows: u16, columns: u16) {
        let (height, width) = nonzero(rows, columns);
        self.shared.lock().parser.set_size(height, width);
        self.master.resize(size(rows, columns)).unwrap();
    }

    /// Waits until the screen satisfies `condition` and returns its text. Panics with the screen after a minute.
    pub(crate) fn wait_until(&self, expected: &str, condition: impl Fn(&Screen) -> bool) -> String {
        self.wait(expected, |display| {
            let screen = display.parser.screen();
            condition(screen).then(|| screen.contents())
        })
    }

    /// Waits until the screen contains `text` and returns the text of the screen.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contents().contains(text))
    }

    /// Waits until the program has written `text`, which may be a part of an escape sequence.
    pub(crate) fn wait_for_output(&self, text: &str) {
        self.wait(text, |display| String::from_utf8_lossy(&display.written).contains(text).then_some(()));
    }

    /// Asks the program to end, as `kill` does.
    pub(crate) fn terminate(&self) {
        let process = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").arg(process).status().unwrap().success());
    }

    /// Waits for the end of the program; returns its exit status and the text on the screen.
    pub(crate) fn finish(&mut self) -> (u32, String) {
        let screen =
            self.wait("the end", |display| display.is_closed.then(|| display.parser.screen().contents()));
        (self.child.wait().unwrap().exit_code(), screen)
    }

    /// Returns everything that the program has written so far, with its escape sequences.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.shared.lock().written).into_owned()
    }

    /// Returns the screen as it is, for questions about colours and the cursor.
    pub(crate) fn screen(&self) -> Screen {
        self.shared.lock().parser.screen().clone()
    }

    /// Returns true if the terminal shows the keys that are pressed.
    #[cfg(unix)]
    pub(crate) fn has_echo(&self) -> bool {
        let settings = self.master.get_termios().unwrap();
        // The flags are those of a crate that this one does not depend on; their names are in their debug output.
        let flags = format!("{:?}", settings.local_flags);
        flags.trim_start_matches("LocalFlags(").trim_end_matches(')').split(" | ").any(|flag| flag == "ECHO")
    }

    fn wait<T>(&self, expected: &str, found: impl Fn(&Display) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        let mut display = self.shared.lock();
        loop {
            if let Some(found) = found(&display) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let is_over = left.is_zero() || display.is_closed;
            assert!(
                !is_over,
                "{expected:?} did not come; the screen:\n{}",
                display.parser.screen().contents()
            );
            display = self.shared.changed.wait_timeout(display, left).unwrap().0;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails if the program has ended, which is the usual case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Display> {
        self.display.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Reads what the program writes until it closes the terminal.
fn read(mut reader: Box<dyn std::io::Read + Send>, shared: &Shared) {
    let mut buffer = [0; 4096];
    loop {
        // An error is the usual end on Linux.
        let count = reader.read(&mut buffer).unwrap_or(0);
        let mut display = shared.lock();
        display.parser.process(&buffer[..count]);
        display.written.extend_from_slice(&buffer[..count]);
        display.is_closed = count == 0;
        shared.changed.notify_all();
        if count == 0 {
            return;
        }
    }
}

fn size(rows: u16, columns: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn nonzero(rows: u16, columns: u16) -> (NonZeroU16, NonZeroU16) {
    (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap())
}
