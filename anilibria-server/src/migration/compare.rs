//! Compares what this service and the Node service tell of the same titles, before anybody moves from one to the other.

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

/// After so many titles in a row that could not be read, no more are asked for: one of the services is in need.
const GIVE_UP: usize = 10;

/// What is compared.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Titles by id.
    pub ids: Vec<u32>,
    /// Lists.
    pub lists: Vec<List>,
    /// How many titles are asked for at a time; at least one.
    pub concurrency: usize,
}

/// Compares everything in `plan`, and logs what differs.
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
    /// Neither side has it.
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
