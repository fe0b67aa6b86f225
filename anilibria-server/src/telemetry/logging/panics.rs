//! Panics as lines of the log.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
    thread,
};

use tracing::{Level, enabled, error};

use crate::config::without_passwords;

/// Installs a panic hook that logs panics. If the log omits errors, the previous hook prints the panic.
pub(super) fn install() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| if enabled!(Level::ERROR) { log(panic) } else { print(panic) }));
}

fn log(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map_or_else(|| "an unknown location".to_owned(), ToString::to_string);
    // Captured only if `RUST_BACKTRACE` enables it.
    let backtrace = Backtrace::capture();
    let stack = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    error!(
        error = message(panic.payload()),
        thread = thread::current().name(),
        stack,
        "panicked at {location}"
    );
}

/// Returns the message of a panic, with the passwords of URLs in it masked.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.map_or_else(|| "without a message".to_owned(), without_passwords)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_a_panic_message_are_masked() {
        let panicked =
            panic::catch_unwind(|| panic!("cannot parse redis://:hunter2@redis:6379/0: no such host"));

        let text = message(&*panicked.unwrap_err());

        assert_eq!(text, "cannot parse redis://:***@redis:6379/0: no such host");
    }

    #[test]
    fn panic_with_another_payload_has_a_message() {
        let panicked = panic::catch_unwind(|| panic::panic_any(7));

        assert_eq!(message(&*panicked.unwrap_err()), "without a message");
    }
}
