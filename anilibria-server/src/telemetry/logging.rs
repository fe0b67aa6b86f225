//! The log: lines of text, or one JSON object per line.

mod json;
mod panics;

use std::{
    env,
    io::{self, IsTerminal as _},
};

use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    fmt::{self, format::JsonFields},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use self::json::JsonLine;
pub(crate) use self::panics::message as panic_message;
use crate::{config::LogFormat, telemetry::Traces};

/// Filter that omits the debug messages of libraries.
const QUIET: &str = "h2=info,hyper=info,hyper_util=info,reqwest=info,rustls=info";

/// Starts logging to the standard error output, from `level` up. `RUST_LOG` overrides the level. Spans of traced requests are
/// also sent to `traces`, independent of the level. Panics become lines of the log.
///
/// Does nothing if logging was already started in this process.
pub fn init(level: Level, format: LogFormat, traces: Option<&Traces>) {
    if start(level, format, traces) {
        panics::install();
    }
}

/// Starts logging. Returns false if it was already started in this process.
fn start(level: Level, format: LogFormat, traces: Option<&Traces>) -> bool {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("{level},{QUIET}")));
    let has_colors = has_colors();
    let Some(traces) = traces else {
        // One filter for the whole subscriber costs less than one per layer.
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        let started = match format {
            LogFormat::Text => builder.with_ansi(has_colors).try_init(),
            LogFormat::Json => builder.fmt_fields(JsonFields::new()).event_format(JsonLine).try_init(),
        };
        return started.is_ok();
    };
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    let lines = fmt::layer().with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => subscriber.with(lines.with_ansi(has_colors).with_filter(filter)).try_init(),
        LogFormat::Json => {
            let lines = lines.fmt_fields(JsonFields::new()).event_format(JsonLine);
            subscriber.with(lines.with_filter(filter)).try_init()
        }
    };
    started.is_ok()
}

/// Returns true if the standard error output is a terminal and `NO_COLOR` (<https://no-color.org>) does not disable colors.
fn has_colors() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
