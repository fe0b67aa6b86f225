//! The progress of downloads: bars on a terminal, lines otherwise.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
};

use anilibria_client::{
    download::{self, Downloaded},
    model::{Episode, Ordinal},
};
use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::{
    exit,
    output::{self, BAD, FAINT, GOOD, text},
};

/// The line of an episode. The bar takes the columns that the other parts leave.
const EPISODE: &str = "{prefix} {wide_bar} {pos}/{len} {msg:>10}";
/// The line of all episodes.
const SERIES: &str = "{prefix} {wide_bar} {pos}/{len}";

/// The result of an episode.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    episode: Ordinal,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed_segments: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Saved,
    Skipped,
    Failed,
}

impl Report {
    fn new(episode: &Episode, status: Status) -> Self {
        Self {
            episode: episode.ordinal,
            status,
            path: None,
            quality: None,
            bytes: None,
            resumed_segments: None,
            error: None,
        }
    }

    /// The report of a file that was there before.
    pub(super) fn skipped(episode: &Episode, path: PathBuf) -> Self {
        Self { path: Some(path), ..Self::new(episode, Status::Skipped) }
    }

    /// The report of a file that was downloaded.
    pub(super) fn saved(episode: &Episode, downloaded: Downloaded) -> Self {
        Self {
            path: Some(downloaded.path),
            quality: Some(downloaded.quality.to_string()),
            bytes: Some(downloaded.bytes),
            resumed_segments: Some(downloaded.resumed_segments),
            ..Self::new(episode, Status::Saved)
        }
    }

    /// The report of an episode that cannot be downloaded.
    pub(super) fn failed(episode: &Episode, error: &anyhow::Error) -> Self {
        Self { error: Some(exit::sentence(error)), ..Self::new(episode, Status::Failed) }
    }

    /// True if the episode could not be downloaded.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self.status, Status::Failed)
    }

    fn line(&self) -> String {
        let path = self.path.as_ref().map(|path| text::line(&path.display().to_string())).unwrap_or_default();
        match self.status {
            Status::Saved => {
                let size = HumanBytes(self.bytes.unwrap_or_default());
                let resumed = if self.resumed_segments > Some(0) { ", resumed" } else { "" };
                format!("{GOOD}saved{GOOD:#} {path} {FAINT}({size}{resumed}){FAINT:#}")
            }
            Status::Skipped => format!("{FAINT}exists{FAINT:#} {path}"),
            Status::Failed => {
                let reason = self.error.as_deref().unwrap_or_default();
                format!("{BAD}failed{BAD:#} episode {}: {reason}", self.episode)
            }
        }
    }
}

/// The progress of the whole command.
#[derive(Debug)]
pub(super) struct Progress {
    is_json: bool,
    bars: MultiProgress,
    series: ProgressBar,
}

impl Progress {
    pub(super) fn new(is_json: bool, episodes: usize) -> Self {
        let is_visible = !is_json && io::stderr().is_terminal();
        let target = if is_visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let series = ProgressBar::new(episodes as u64).with_style(style(SERIES)).with_prefix("episodes");
        // A bar for one episode says enough.
        let series = if episodes > 1 { bars.add(series) } else { series };
        series.tick();
        Self { is_json, bars, series }
    }

    /// Shows a bar for `episode`, before the bar of the series.
    pub(super) fn start(&self, episode: &Episode) -> Bar {
        let bar = ProgressBar::new(0)
            .with_style(style(EPISODE))
            .with_prefix(format!("episode {}", episode.ordinal));
        Bar { episode: self.bars.insert(0, bar), series: self.series.clone() }
    }

    /// Prints a report and counts its episode.
    pub(super) fn report(&self, report: &Report) -> anyhow::Result<()> {
        self.series.inc(1);
        self.bars.suspend(|| match report.status {
            _ if self.is_json => output::json(report),
            Status::Failed => {
                anstream::eprintln!("{}", report.line());
                Ok(())
            }
            Status::Saved | Status::Skipped => Ok(output::line(report.line())?),
        })
    }

    /// Removes the bars.
    pub(super) fn finish(&self) {
        self.series.finish_and_clear();
    }
}

/// The progress of an episode.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    episode: ProgressBar,
    series: ProgressBar,
}

impl Bar {
    pub(super) fn update(&self, progress: download::Progress) {
        self.episode.set_length(progress.total_segments as u64);
        self.episode.set_position(progress.segments as u64);
        self.episode.set_message(HumanBytes(progress.bytes).to_string());
        // Drawn again, because the terminal may have another size than before.
        self.series.tick();
    }

    pub(super) fn finish(&self) {
        self.episode.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants, and a test parses them.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid() {
        for template in [EPISODE, SERIES] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
