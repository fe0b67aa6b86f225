//! The load generator `wrk`.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail, ensure};
use tokio::process::Command;

use crate::arguments::Arguments;

/// Results of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    /// Number of responses.
    pub(crate) responses: u64,
    /// Responses per second.
    pub(crate) rate: f64,
    /// Median of the response times.
    pub(crate) p50: Duration,
    /// 99th percentile of the response times.
    pub(crate) p99: Duration,
}

/// Requests `path` from `address`.
pub(crate) async fn run(address: SocketAddr, path: &str, arguments: &Arguments) -> anyhow::Result<Run> {
    let mut command = Command::new("wrk");
    command.args([
        "--latency",
        &format!("--threads={}", arguments.threads),
        &format!("--connections={}", arguments.connections),
        &format!("--duration={}s", arguments.seconds),
        &format!("http://{address}{path}"),
    ]);
    let output = command.output().await.context("wrk is not installed")?;
    ensure!(output.status.success(), "wrk failed: {}", String::from_utf8_lossy(&output.stderr));
    parse(&String::from_utf8(output.stdout)?)
}

/// Parses the output of `wrk --latency`. An error if any request failed.
fn parse(output: &str) -> anyhow::Result<Run> {
    for line in output.lines().map(str::trim) {
        if line.starts_with("Socket errors:") || line.starts_with("Non-2xx") {
            bail!("{line}");
        }
    }
    let after = |prefix: &str| {
        let line = output.lines().find_map(|line| line.trim().strip_prefix(prefix));
        line.map(str::trim).with_context(|| format!("the output of wrk has no line {prefix}"))
    };
    let total = output
        .lines()
        .find(|line| line.contains(" requests in "))
        .context("no total in the output of wrk")?;
    let responses = total.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(Run {
        responses,
        rate: after("Requests/sec:")?.parse()?,
        p50: time(after("50%")?)?,
        p99: time(after("99%")?)?,
    })
}

/// Parses a time such as `635.00us`, `1.18ms` or `2.01s`.
fn time(text: &str) -> anyhow::Result<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).context("a time has no unit")?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => bail!("unknown unit of time: {unit}"),
    };
    Ok(Duration::from_secs_f64(number.parse::<f64>()? * seconds))
}
