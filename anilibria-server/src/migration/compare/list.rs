//! Comparison of lists, in which the order of titles may differ.

use std::collections::BTreeMap;

use serde::Serialize;
use tracing::warn;

use super::{ComparedFields, Difference, ReadFailure, Reader, Side, reader::ReadOutcome};

/// A list that both services provide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// Popular titles.
    Popular,
    /// Latest updates.
    Updates,
    /// Results of a search for this text.
    Search(String),
}

impl List {
    /// Returns the name in reports and metrics.
    pub const fn endpoint(&self) -> &'static str {
        match self {
            Self::Popular => "popular",
            Self::Updates => "updates",
            Self::Search(_) => "search",
        }
    }
}

/// A compared list. It is consistent if both services list the same titles with the same fields.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedList {
    /// Name of the list.
    pub endpoint: &'static str,
    /// True if there are no differences.
    pub consistent: bool,
    /// Number of titles in the Node service's list.
    pub nodejs_count: usize,
    /// Number of titles in this service's list.
    pub python_count: usize,
    /// Differences.
    pub differences: Vec<ListDifference>,
}

/// A difference in one title of a list.
#[derive(Clone, Debug, Serialize)]
pub struct ListDifference {
    /// Id of the title.
    pub title_id: u32,
    /// The difference; in the field `id` if one of the lists lacks the title.
    #[serde(flatten)]
    pub difference: Difference,
}

/// Outcome of comparing one list.
pub(super) enum ListOutcome {
    Checked(CheckedList),
    Failed(ReadFailure),
}

/// Compares `list` in both services and logs the differences.
pub(super) async fn compare(reader: &Reader, list: &List) -> ListOutcome {
    let (node, ours) = futures::join!(reader.list(Side::Node, list), reader.list(Side::Ours, list));
    let (node, ours) = match (node, ours) {
        (ReadOutcome::Found(node), ReadOutcome::Found(ours)) => (node, ours),
        (ReadOutcome::Failed(failure), _) | (_, ReadOutcome::Failed(failure)) => {
            return ListOutcome::Failed(failure);
        }
        (ReadOutcome::Absent, _) => return ListOutcome::Failed(absent(Side::Node, list)),
        (_, ReadOutcome::Absent) => return ListOutcome::Failed(absent(Side::Ours, list)),
    };
    let differences = differences(&by_id(&node), &by_id(&ours));
    let checked = CheckedList {
        endpoint: list.endpoint(),
        consistent: differences.is_empty(),
        nodejs_count: node.len(),
        python_count: ours.len(),
        differences,
    };
    if !checked.consistent {
        let CheckedList { endpoint, nodejs_count, python_count, .. } = checked;
        let differences = serde_json::to_string(&checked.differences).unwrap_or_default();
        warn!(endpoint, differences, nodejs_count, python_count, "Response mismatch detected");
    }
    ListOutcome::Checked(checked)
}

/// Returns the failure of a list that `side` does not have.
fn absent(side: Side, list: &List) -> ReadFailure {
    ReadFailure {
        resource: list.endpoint().to_owned(),
        service: side.name(),
        reason: "the list does not exist".to_owned(),
    }
}

fn by_id(titles: &[ComparedFields]) -> BTreeMap<u32, &ComparedFields> {
    titles.iter().filter_map(|title| Some((title.id()?, title))).collect()
}

fn differences(
    node: &BTreeMap<u32, &ComparedFields>,
    ours: &BTreeMap<u32, &ComparedFields>,
) -> Vec<ListDifference> {
    let of = |title_id: u32, differences: Vec<Difference>| {
        differences.into_iter().map(move |difference| ListDifference { title_id, difference })
    };
    let theirs = node.iter().flat_map(|(id, title)| {
        let differences =
            ours.get(id).map_or_else(|| vec![Difference::only_in_node(*id)], |ours| title.differences(ours));
        of(*id, differences)
    });
    let missing = ours.keys().filter(|id| !node.contains_key(*id));
    theirs.chain(missing.flat_map(|id| of(*id, vec![Difference::only_in_ours(*id)]))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn titles(ids: &[u32]) -> Vec<ComparedFields> {
        ids.iter().map(|id| ComparedFields::of_json(&json!({"id": id, "names": {"ru": "Имя"}}))).collect()
    }

    #[test]
    fn different_order_is_no_difference() {
        assert!(differences(&by_id(&titles(&[1, 2])), &by_id(&titles(&[2, 1]))).is_empty());
    }

    #[test]
    fn title_in_only_one_list_is_a_difference() {
        let found = differences(&by_id(&titles(&[1, 2])), &by_id(&titles(&[2, 3])));

        let found: Vec<_> = found.into_iter().map(|found| (found.title_id, found.difference)).collect();
        assert_eq!(found, [(1, Difference::only_in_node(1)), (3, Difference::only_in_ours(3))]);
    }
}
