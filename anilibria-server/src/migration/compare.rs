//! Comparison of the titles of this service and the Node service, before clients move from one to the other.

mod fields;
mod list;
mod reader;
mod report;
mod textfile;

use futures::{StreamExt as _, stream};
use tracing::warn;

pub use self::{
    fields::{ComparedFields, Difference},
    list::{CheckedList, List, ListDifference},
    reader::{Reader, Side},
    report::{CheckedTitle, ReadFailure, Report},
    textfile::merge_counters,
};
use self::{list::ListOutcome, reader::ReadOutcome};

/// Number of consecutive titles with a read failure after which the other titles are skipped, because one of the services is
/// overloaded or down.
const MAX_CONSECUTIVE_FAILURES: usize = 10;

/// Titles and lists to compare.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Ids of titles.
    pub ids: Vec<u32>,
    /// Lists.
    pub lists: Vec<List>,
    /// Maximum number of titles that are compared concurrently; 0 counts as 1.
    pub concurrency: usize,
}

/// Compares everything in `plan` and logs the differences.
pub async fn compare(reader: &Reader, plan: &Plan) -> Report {
    let mut report = Report::default();
    let mut titles =
        stream::iter(&plan.ids).map(|id| compare_title(reader, *id)).buffered(plan.concurrency.max(1));
    let (mut seen, mut consecutive_failures) = (0, 0);
    while let Some(outcome) = titles.next().await {
        seen += 1;
        consecutive_failures =
            if matches!(outcome, TitleOutcome::Failed(_)) { consecutive_failures + 1 } else { 0 };
        match outcome {
            TitleOutcome::Checked(checked) => report.results.push(checked),
            TitleOutcome::Failed(failures) => report.failures.extend(failures),
            TitleOutcome::Absent(id) => report.absent.push(id),
        }
        if consecutive_failures == MAX_CONSECUTIVE_FAILURES {
            break;
        }
    }
    report.skipped = plan.ids.len() - seen;
    for list in &plan.lists {
        match list::compare(reader, list).await {
            ListOutcome::Checked(checked) => report.lists.push(checked),
            ListOutcome::Failed(failure) => report.failures.push(failure),
        }
    }
    report
}

/// Outcome of comparing one title.
enum TitleOutcome {
    Checked(CheckedTitle),
    Failed(Vec<ReadFailure>),
    /// Neither side has the title.
    Absent(u32),
}

async fn compare_title(reader: &Reader, id: u32) -> TitleOutcome {
    let (node, ours) = futures::join!(reader.title(Side::Node, id), reader.title(Side::Ours, id));
    let differences = match (node, ours) {
        (ReadOutcome::Failed(node), ReadOutcome::Failed(ours)) => {
            return TitleOutcome::Failed(vec![node, ours]);
        }
        (ReadOutcome::Failed(failure), _) | (_, ReadOutcome::Failed(failure)) => {
            return TitleOutcome::Failed(vec![failure]);
        }
        (ReadOutcome::Absent, ReadOutcome::Absent) => return TitleOutcome::Absent(id),
        (ReadOutcome::Found(node), ReadOutcome::Found(ours)) => node.differences(&ours),
        (ReadOutcome::Found(_), ReadOutcome::Absent) => vec![Difference::only_in_node(id)],
        (ReadOutcome::Absent, ReadOutcome::Found(_)) => vec![Difference::only_in_ours(id)],
    };
    let checked = CheckedTitle { title_id: id, consistent: differences.is_empty(), differences };
    if !checked.consistent {
        let differences = serde_json::to_string(&checked.differences).unwrap_or_default();
        warn!(title_id = id, endpoint = "title", differences, "Data inconsistency detected");
    }
    TitleOutcome::Checked(checked)
}
