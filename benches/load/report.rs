//! Results as JSON and as a Markdown table.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use anilibria_benches::median;
use serde::{Serialize, Serializer};

use crate::arguments::Arguments;

/// Name of the server that ratios refer to.
const REFERENCE: &str = "bare poem";

/// Results of all paths.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    connections: usize,
    threads: usize,
    seconds: u64,
    rounds: usize,
    processors: usize,
    pub(crate) paths: Vec<PathReport>,
}

/// Results of one path.
#[derive(Debug, Serialize)]
pub(crate) struct PathReport {
    pub(crate) path: &'static str,
    pub(crate) body_bytes: usize,
    pub(crate) series: Vec<Series>,
}

/// Measurements of one server.
#[derive(Debug, Serialize)]
pub(crate) struct Series {
    pub(crate) server: &'static str,
    pub(crate) rounds: Vec<Measurement>,
}

/// One measurement of one server.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Measurement {
    #[serde(flatten)]
    pub(crate) rates: Rates,
    /// CPU time of the server for one request.
    #[serde(serialize_with = "microseconds", rename = "cpu_per_request_us")]
    pub(crate) cpu_per_request: Duration,
    /// Memory after the measurement, see [`anilibria_benches::server::Server::memory`].
    pub(crate) memory_bytes: u64,
}

/// Responses per second, and response times.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Rates {
    /// Responses per second that `wrk` counted.
    pub(crate) wrk: Option<f64>,
    /// Responses per second that the generator of this package counted.
    pub(crate) own: Option<f64>,
    #[serde(serialize_with = "microseconds", rename = "p50_us")]
    pub(crate) p50: Duration,
    #[serde(serialize_with = "microseconds", rename = "p99_us")]
    pub(crate) p99: Duration,
}

impl Report {
    pub(crate) fn new(arguments: &Arguments) -> Self {
        Self {
            connections: arguments.connections,
            threads: arguments.threads,
            seconds: arguments.seconds,
            rounds: arguments.rounds,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            paths: Vec::new(),
        }
    }

    /// Returns a heading and a table for each path.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "Medians of {} rounds. Each round: {} s, {} connections. The server and the load generator share {} processors.\n",
            self.rounds, self.seconds, self.connections, self.processors
        );
        for path in &self.paths {
            path.write_markdown(&mut text);
        }
        text
    }

    /// Writes `load.json` and `load.md`.
    pub(crate) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("load.json"), serde_json::to_vec_pretty(self)?)?;
        fs::write(directory.join("load.md"), self.markdown())?;
        Ok(())
    }
}

impl PathReport {
    /// Returns, for each server, its name and the median ratio of its rates to those of the reference.
    pub(crate) fn ratios(&self) -> Vec<(&'static str, f64)> {
        let ratio = |series: &Series| self.ratio(series, Measurement::rate);
        self.series.iter().map(|series| (series.server, ratio(series))).collect()
    }

    fn ratio(&self, series: &Series, rate: impl Fn(&Measurement) -> f64) -> f64 {
        let reference = self.series.iter().find(|series| series.server == REFERENCE);
        let pairs = reference.into_iter().flat_map(|reference| series.rounds.iter().zip(&reference.rounds));
        median(pairs.map(|(one, plain)| rate(one) / rate(plain)))
    }

    fn write_markdown(&self, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\n`GET {}`, {} bytes\n\n| server | requests/s | ratio | ratio, own generator | p50 | p99 | CPU per request | memory |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            self.path, self.body_bytes
        );
        for series in &self.series {
            let of = |value: fn(&Measurement) -> Duration| median(series.rounds.iter().map(value));
            let _ = writeln!(
                text,
                "| {} | {:.0} | {:.2} | {:.2} | {:.2?} | {:.2?} | {:.1?} | {} MiB |",
                series.server,
                median(series.rounds.iter().map(Measurement::rate)),
                self.ratio(series, Measurement::rate),
                self.ratio(series, |measurement| measurement.rates.own.unwrap_or(f64::NAN)),
                of(|measurement| measurement.rates.p50),
                of(|measurement| measurement.rates.p99),
                of(|measurement| measurement.cpu_per_request),
                median(series.rounds.iter().map(|measurement| measurement.memory_bytes)) >> 20,
            );
        }
    }
}

impl Series {
    pub(crate) fn new(server: &'static str) -> Self {
        Self { server, rounds: Vec::new() }
    }
}

impl Measurement {
    /// Responses per second of `wrk`, or else of the other generator.
    fn rate(&self) -> f64 {
        self.rates.wrk.or(self.rates.own).unwrap_or_default()
    }
}

fn microseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1e6)
}
