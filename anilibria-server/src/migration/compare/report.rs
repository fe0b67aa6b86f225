//! The report of a comparison, as text and as JSON.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::{Value, json};

use super::{CheckedList, Difference};

/// Maximum number of characters of a value in the text report.
const MAX_CHARS: usize = 70;

/// Number of characters before the first difference in an excerpt.
const CONTEXT_CHARS: usize = 15;

/// Report of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Compared titles, in the order of the request.
    pub results: Vec<CheckedTitle>,
    /// Compared lists.
    pub lists: Vec<CheckedList>,
    /// Titles and lists that could not be read.
    pub failures: Vec<ReadFailure>,
    /// Ids of titles that neither service has.
    pub absent: Vec<u32>,
    /// Number of titles that were skipped after too many consecutive read failures.
    pub skipped: usize,
}

/// A compared title.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedTitle {
    /// Id of the title.
    pub title_id: u32,
    /// True if there are no differences.
    pub consistent: bool,
    /// Differences.
    pub differences: Vec<Difference>,
}

/// A title or a list that a service did not return.
#[derive(Clone, Debug, Serialize)]
pub struct ReadFailure {
    /// Title or list that was requested.
    #[serde(rename = "what")]
    pub resource: String,
    /// Service that was called: `nodejs` or `python`.
    pub service: &'static str,
    /// Cause of the failure.
    pub reason: String,
}

impl Report {
    /// Returns the number of comparisons, and the number of those without a difference.
    pub fn checks(&self) -> (usize, usize) {
        let titles = self.results.iter().map(|checked| checked.consistent);
        let lists = self.lists.iter().map(|checked| checked.consistent);
        titles
            .chain(lists)
            .fold((0, 0), |(compared, consistent), is_same| (compared + 1, consistent + usize::from(is_same)))
    }

    /// Returns the share of comparisons without a difference, 0 to 1; `None` if there were none.
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer titles")]
    pub fn consistency(&self) -> Option<f64> {
        let (compared, consistent) = self.checks();
        (compared > 0).then(|| consistent as f64 / compared as f64)
    }

    /// Returns true if everything was compared, and at least one title or list.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty() && self.skipped == 0 && self.consistency().is_some()
    }

    /// Returns the report as JSON.
    pub fn json(&self, threshold: f64) -> Value {
        let (compared, consistent) = self.checks();
        json!({
            "results": self.results,
            "lists": self.lists,
            "unread": self.failures,
            "absent": self.absent,
            "summary": {
                "compared": compared,
                "consistent": consistent,
                "inconsistent": compared - consistent,
                "unread": self.failures.len(),
                "left_out": self.skipped,
                "consistency": self.consistency(),
                "threshold": threshold,
            },
        })
    }
}

/// Writes the text report: each title with its differences, and a summary.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for CheckedTitle { title_id, consistent, differences } in &self.results {
            writeln!(f, "title {title_id}: {}", if *consistent { "the same" } else { "differs" })?;
            for difference in differences {
                write_difference(f, "  ", difference)?;
            }
        }
        for list in &self.lists {
            let CheckedList { endpoint, consistent, nodejs_count, python_count, differences } = list;
            let verdict = if *consistent { "the same titles" } else { "differs" };
            writeln!(f, "list {endpoint}: {verdict} (nodejs {nodejs_count}, python {python_count})")?;
            for found in differences {
                writeln!(f, "  title {}", found.title_id)?;
                write_difference(f, "    ", &found.difference)?;
            }
        }
        for id in &self.absent {
            writeln!(f, "title {id}: neither service has it")?;
        }
        for ReadFailure { resource, service, reason } in &self.failures {
            writeln!(f, "{resource}: not compared, {service}: {reason}")?;
        }
        if self.skipped > 0 {
            writeln!(f, "{} more titles: skipped after too many consecutive read failures", self.skipped)?;
        }
        let (compared, consistent) = self.checks();
        match self.consistency() {
            Some(share) => {
                let percent = share * 100.0;
                write!(f, "{consistent} of {compared} comparisons without a difference ({percent:.1} %)")
            }
            None => write!(f, "nothing could be compared"),
        }
    }
}

/// Writes a difference. Long values are shown from shortly before their first difference.
fn write_difference(f: &mut fmt::Formatter<'_>, indent: &str, difference: &Difference) -> fmt::Result {
    let Difference { field, nodejs_value, python_value } = difference;
    let (node, ours) = (value_text(nodejs_value), value_text(python_value));
    let common = node.chars().zip(ours.chars()).take_while(|(node, ours)| node == ours).count();
    let start = if node.chars().count().max(ours.chars().count()) > MAX_CHARS {
        common.saturating_sub(CONTEXT_CHARS)
    } else {
        0
    };
    writeln!(f, "{indent}{field}")?;
    writeln!(f, "{indent}  nodejs  {}", excerpt(&node, start))?;
    writeln!(f, "{indent}  python  {}", excerpt(&ours, start))
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        value => value.to_string(),
    }
}

/// Returns at most [`MAX_CHARS`] characters of `text` from the character `start` on, with an ellipsis for omitted parts.
fn excerpt(text: &str, start: usize) -> String {
    let mut shown = if start > 0 { "…".to_owned() } else { String::new() };
    let mut rest = text.chars().skip(start);
    shown.extend(rest.by_ref().take(MAX_CHARS));
    if rest.next().is_some() {
        let _ = shown.write_char('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(title_id: u32, differences: Vec<Difference>) -> CheckedTitle {
        CheckedTitle { title_id, consistent: differences.is_empty(), differences }
    }

    fn report() -> Report {
        let year = Difference { field: "year", nodejs_value: 2020.into(), python_value: 2021.into() };
        Report { results: vec![checked(7, vec![]), checked(8, vec![year])], ..Report::default() }
    }

    #[test]
    fn text_report_contains_each_title_with_its_differences() {
        let text = report().to_string();

        let expected = "title 7: the same\ntitle 8: differs\n  year\n    nodejs  2020\n    python  2021\n\
                        1 of 2 comparisons without a difference (50.0 %)";
        assert_eq!(text, expected);
    }

    #[test]
    fn long_values_are_shown_from_their_first_difference() {
        let text = |end: &str| Value::from(format!("{}{end}", "я".repeat(500)));
        let description =
            Difference { field: "description", nodejs_value: text("раз"), python_value: text("два") };

        let shown = Report { results: vec![checked(7, vec![description])], ..Report::default() }.to_string();

        assert!(shown.contains("яраз\"") && shown.contains("ядва\""), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 100), "{shown}");
    }

    #[test]
    fn json_report_contains_all_fields_and_the_consistency() {
        let json = report().json(0.9);

        assert_eq!(
            json["results"][1],
            json!({
                "title_id": 8, "consistent": false,
                "differences": [{"field": "year", "nodejs_value": 2020, "python_value": 2021}],
            })
        );
        assert_eq!(json["summary"]["consistency"], 0.5);
        assert_eq!(json["summary"]["threshold"], 0.9);
    }

    #[test]
    fn empty_report_has_no_consistency() {
        assert_eq!(Report::default().consistency(), None);
        assert!(!Report::default().is_complete());
    }
}
