//! Results as JSON, as text and as a plot of the memory.

use std::{fmt::Write as _, fs, path::Path, sync::atomic::Ordering::Relaxed};

use plotters::prelude::*;
use serde::Serialize;

use crate::traffic::Counts;

/// State of the process at one time.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) seconds: f64,
    pub(crate) memory_bytes: u64,
    pub(crate) threads: usize,
    pub(crate) files: usize,
}

/// Results of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    clients: usize,
    live: usize,
    pub(crate) samples: Vec<Sample>,
    /// State after a rest without traffic.
    at_rest: Option<Sample>,
    /// Numbers by name, in the order of the text.
    counts: Vec<(&'static str, u64)>,
}

impl Report {
    pub(crate) fn new(clients: usize, live: usize) -> Self {
        Self { clients, live, samples: Vec::new(), at_rest: None, counts: Vec::new() }
    }

    pub(crate) fn end(&mut self, at_rest: Sample, counts: &Counts) {
        self.at_rest = Some(at_rest);
        let counts = [
            ("requests with a response (2xx, 404)", &counts.succeeded),
            ("requests rejected (429, 503)", &counts.rejected),
            ("requests failed (other statuses)", &counts.failed),
            ("requests without a response within 20 s", &counts.unanswered),
            ("broken connections", &counts.broken),
            ("slowest response in ms", &counts.slowest_ms),
            ("live connections opened", &counts.live_connections),
            ("live connections that failed", &counts.live_failures),
            ("live events received", &counts.live_events),
        ];
        self.counts = counts.map(|(name, count)| (name, count.load(Relaxed))).to_vec();
    }

    /// Slope of the memory in the second half, in KiB per minute, by least squares.
    fn slope(&self) -> f64 {
        let half = self.samples.get(self.samples.len() / 2..).unwrap_or_default();
        let count = f64::from(u32::try_from(half.len()).unwrap_or(u32::MAX));
        let points = || half.iter().map(|sample| (sample.seconds / 60.0, kibibytes(sample.memory_bytes)));
        let (x, y) = points().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
        let covariance: f64 = points().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let variance: f64 = points().map(|point| (point.0 - x).powi(2)).sum();
        if variance > 0.0 { covariance / variance } else { 0.0 }
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "{} clients, {} live connections.\n\n| figure | value |\n| --- | ---: |\n",
            self.clients, self.live
        );
        // Writing to a string cannot fail.
        for (name, count) in &self.counts {
            let _ = writeln!(text, "| {name} | {count} |");
        }
        let _ = writeln!(text, "| slope of the memory in the second half | {:.0} KiB/min |", self.slope());
        for (name, sample) in [("at the end", self.samples.last()), ("after a rest", self.at_rest.as_ref())] {
            let Some(sample) = sample else { continue };
            let memory = kibibytes(sample.memory_bytes) / 1024.0;
            let _ = writeln!(
                text,
                "| {name}: memory, threads, open files | {memory:.0} MiB, {}, {} |",
                sample.threads, sample.files
            );
        }
        text
    }

    /// Writes `endurance.json`, `endurance.md` and `endurance.svg`.
    pub(crate) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("endurance.json"), serde_json::to_vec_pretty(self)?)?;
        fs::write(directory.join("endurance.md"), self.markdown())?;
        fs::write(directory.join("endurance.svg"), self.plot()?)?;
        Ok(())
    }

    /// Draws the memory in MiB over the minutes.
    fn plot(&self) -> anyhow::Result<String> {
        let points = self
            .samples
            .iter()
            .map(|sample| (sample.seconds / 60.0, kibibytes(sample.memory_bytes) / 1024.0));
        let points: Vec<(f64, f64)> = points.collect();
        let end = points.iter().map(|point| point.0).fold(0.1, f64::max);
        let highest = points.iter().map(|point| point.1).fold(1.0, f64::max);
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, (800, 320)).into_drawing_area();
            area.fill(&WHITE)?;
            let mut chart = ChartBuilder::on(&area)
                .caption("Memory in MiB over minutes", ("sans-serif", 15))
                .margin(10)
                .set_label_area_size(LabelAreaPosition::Left, 50)
                .set_label_area_size(LabelAreaPosition::Bottom, 30)
                .build_cartesian_2d(0.0..end, 0.0..highest * 1.1)?;
            chart.configure_mesh().draw()?;
            chart.draw_series(LineSeries::new(points, RGBColor(70, 120, 180)))?;
            area.present()?;
        }
        Ok(text)
    }
}

fn kibibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX))
}
