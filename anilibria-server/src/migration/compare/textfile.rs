//! Counters of comparisons in the text format of Prometheus, for the textfile collector of the node exporter.

use std::{collections::BTreeMap, fmt::Write as _};

use super::Report;
use crate::migration::CONSISTENCY_CHECKS;

/// Values of the label `result`.
const RESULTS: [&str; 2] = ["consistent", "inconsistent"];

/// Adds the comparisons in `report` to the counters in `previous`, and returns the new text. `previous` is the text of the last
/// run, or empty. It is needed because each run is a new process, and counters must not restart at zero. Other lines of
/// `previous` are dropped.
pub fn merge_counters(previous: &str, report: &Report) -> String {
    let mut counts: BTreeMap<(String, String), u64> = previous.lines().filter_map(parse_counter).collect();
    let titles = report.results.iter().map(|checked| ("title", checked.consistent));
    let lists = report.lists.iter().map(|checked| (checked.endpoint, checked.consistent));
    for result in RESULTS {
        counts.entry(("title".to_owned(), result.to_owned())).or_default();
    }
    for (endpoint, is_consistent) in titles.chain(lists) {
        let result = RESULTS[usize::from(!is_consistent)];
        *counts.entry((endpoint.to_owned(), result.to_owned())).or_default() += 1;
    }
    let mut text = format!(
        "# HELP {CONSISTENCY_CHECKS} Comparisons with the Node service.\n# TYPE {CONSISTENCY_CHECKS} counter\n"
    );
    for ((endpoint, result), count) in counts {
        let _ = writeln!(text, "{CONSISTENCY_CHECKS}{{endpoint=\"{endpoint}\",result=\"{result}\"}} {count}");
    }
    text
}

/// Parses the labels and the value of a line; `None` if the line is not a counter of comparisons.
fn parse_counter(line: &str) -> Option<((String, String), u64)> {
    let line = line.strip_prefix(CONSISTENCY_CHECKS)?.strip_prefix("{endpoint=\"")?;
    let (endpoint, line) = line.split_once("\",result=\"")?;
    let (result, count) = line.split_once("\"} ")?;
    Some(((endpoint.to_owned(), result.to_owned()), count.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::compare::CheckedTitle;

    fn report(results: &[bool]) -> Report {
        let checked =
            |consistent: &bool| CheckedTitle { title_id: 1, consistent: *consistent, differences: vec![] };
        Report { results: results.iter().map(checked).collect(), ..Report::default() }
    }

    #[test]
    fn counters_of_several_runs_are_added() {
        let once = merge_counters("", &report(&[true, true, false]));
        let twice = merge_counters(&once, &report(&[true]));

        assert!(once.contains("data_consistency_checks_total{endpoint=\"title\",result=\"consistent\"} 2\n"));
        assert!(
            once.contains("data_consistency_checks_total{endpoint=\"title\",result=\"inconsistent\"} 1\n")
        );
        assert!(twice.contains("{endpoint=\"title\",result=\"consistent\"} 3\n"), "{twice}");
        assert!(twice.contains("{endpoint=\"title\",result=\"inconsistent\"} 1\n"), "{twice}");
    }

    #[test]
    fn both_results_start_at_zero() {
        let text = merge_counters("what is no counter\n", &report(&[]));

        assert!(text.contains("result=\"consistent\"} 0\n") && text.contains("result=\"inconsistent\"} 0\n"));
    }
}
