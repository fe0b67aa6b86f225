//! Comparison of the titles of this service and the Node service, before clients move from one to the other.

mod count;
mod facts;
mod list;
mod reader;
mod report;

use futures::{StreamExt as _, stream};
use tracing::warn;

pub use self::{
    count::counted,
    facts::{Difference, Facts},
    list::{CheckedList, List, ListDifference},
    reader::{Reader, Side},
    report::{CheckedTitle, Report, Unread},
};
use self::{list::Listed, reader::Asked};

/// Number of consecutive titles that could not be read after which the comparison stops, because one of the services is
/// overloaded or down.
const GIVE_UP: usize = 10;

/// Titles and lists to compare.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Ids of titles.
    pub ids: Vec<u32>,
    /// Lists.
    pub lists: Vec<List>,
    /// Maximum number of titles in progress; at least one.
    pub concurrency: usize,
}

/// Compares everything in `plan` and logs the differences.
pub async fn compare(reader: &Reader, plan: &Plan) -> Report {
    let mut report = Report::default();
    let mut titles = stream::iter(&plan.ids).map(|id| title(reader, *id)).buffered(plan.concurrency.max(1));
    let (mut seen, mut in_a_row) = (0, 0);
    while let Some(outcome) = titles.next().await {
        seen += 1;
        in_a_row = if matches!(outcome, Outcome::Unread(_)) { in_a_row + 1 } else { 0 };
        match outcome {
            Outcome::Checked(checked) => report.results.push(checked),
            Outcome::Unread(unread) => report.unread.extend(unread),
            Outcome::Absent(id) => report.absent.push(id),
        }
        if in_a_row == GIVE_UP {
            break;
        }
    }
    report.left_out = plan.ids.len() - seen;
    for list in &plan.lists {
        match list::compare(reader, list).await {
            Listed::Checked(checked) => report.lists.push(checked),
            Listed::Unread(unread) => report.unread.push(unread),
        }
    }
    report
}

enum Outcome {
    Checked(CheckedTitle),
    Unread(Vec<Unread>),
    /// Neither side has the title.
    Absent(u32),
}

async fn title(reader: &Reader, id: u32) -> Outcome {
    let (node, ours) = futures::join!(reader.title(Side::Node, id), reader.title(Side::Ours, id));
    let differences = match (node, ours) {
        (Asked::Failed(node), Asked::Failed(ours)) => return Outcome::Unread(vec![node, ours]),
        (Asked::Failed(unread), _) | (_, Asked::Failed(unread)) => return Outcome::Unread(vec![unread]),
        (Asked::Absent, Asked::Absent) => return Outcome::Absent(id),
        (Asked::Found(node), Asked::Found(ours)) => node.differences(&ours),
        (Asked::Found(_), Asked::Absent) => vec![Difference::only_there(id)],
        (Asked::Absent, Asked::Found(_)) => vec![Difference::only_here(id)],
    };
    let checked = CheckedTitle { title_id: id, consistent: differences.is_empty(), differences };
    if !checked.consistent {
        let differences = serde_json::to_string(&checked.differences).unwrap_or_default();
        warn!(title_id = id, endpoint = "title", differences, "Data inconsistency detected");
    }
    Outcome::Checked(checked)
}
