//! Checks of metrics by `promtool`, the command-line tool of Prometheus.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::availability::{Service, find};

/// Exit code for metrics that can be parsed but violate the conventions.
const LINT_EXIT_CODE: i32 = 3;

/// The program `promtool`.
#[derive(Clone, Debug)]
pub struct Promtool {
    program: PathBuf,
}

impl Promtool {
    /// Finds the installed program. `None` if it is not installed, see the crate page.
    ///
    /// # Panics
    ///
    /// If `promtool` is required but not installed.
    #[must_use = "without it there is nothing to test: return"]
    #[track_caller]
    pub fn find() -> Option<Self> {
        let program = find(Service::Promtool, &["promtool"])?;
        Some(Self { program })
    }

    /// Returns the violations in `metrics`, which are in Prometheus's text format. Each violation is a line with the name of the
    /// metric and the problem.
    ///
    /// # Panics
    ///
    /// If promtool cannot parse the metrics.
    #[track_caller]
    pub fn check_metrics(&self, metrics: &str) -> Vec<String> {
        self.findings(metrics).unwrap_or_else(|error| panic!("{error:#}"))
    }

    fn findings(&self, metrics: &str) -> anyhow::Result<Vec<String>> {
        let mut child = Command::new(&self.program)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start promtool")?;
        // promtool reads all input before it prints. The temporary stdin is dropped after the write, which ends the input.
        child.stdin.take().context("promtool has no stdin")?.write_all(metrics.as_bytes())?;
        let output = child.wait_with_output()?;
        let findings = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.success() || output.status.code() == Some(LINT_EXIT_CODE),
            "promtool: {findings}"
        );
        Ok(findings.lines().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_name_the_metric() {
        let Some(promtool) = Promtool::find() else { return };

        let clean = promtool.check_metrics("# HELP a_total It.\n# TYPE a_total counter\na_total 1\n");
        let findings = promtool.check_metrics("# HELP a It.\n# TYPE a counter\na 1\n");

        assert!(clean.is_empty(), "{clean:?}");
        assert!(
            findings.iter().all(|finding| finding.starts_with("a ")) && !findings.is_empty(),
            "{findings:?}"
        );
    }
}
