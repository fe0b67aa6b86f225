//! Recent records in memory, from which a lost stream is restored.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{id::RecordId, record::Record};

/// The last records that were appended or received by this process, in order. Clones share the records.
#[derive(Clone, Default)]
pub(super) struct Recent(Arc<Mutex<VecDeque<Record>>>);

impl Recent {
    /// Adds a record, and drops the oldest records beyond `max_records`.
    pub(super) fn add(&self, record: Record, max_records: usize) {
        let mut records = self.records();
        let at = records.partition_point(|known| known.id < record.id);
        if records.get(at).is_none_or(|known| known.id != record.id) {
            records.insert(at, record);
        }
        while records.len() > max_records {
            records.pop_front();
        }
    }

    /// Returns the id of the newest record.
    pub(super) fn last(&self) -> Option<RecordId> {
        self.records().back().map(|record| record.id)
    }

    /// Returns the records after `after`, oldest first.
    pub(super) fn since(&self, after: RecordId) -> Vec<Record> {
        let records = self.records();
        let from = records.partition_point(|record| record.id <= after);
        records.range(from..).cloned().collect()
    }

    fn records(&self) -> MutexGuard<'_, VecDeque<Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn recent_records_are_unique_and_in_order() {
        let recent = Recent::default();
        let id = |number: u16| -> RecordId { format!("1700000000000-{number:04}").parse().unwrap() };
        let record = |number| Record { id: id(number), payload: Bytes::new(), metadata: None };

        for number in [3, 1, 2, 3, 4] {
            recent.add(record(number), 3);
        }

        assert_eq!(recent.last(), Some(id(4)));
        assert_eq!(recent.since(id(2)), [record(3), record(4)]);
        assert_eq!(recent.since(RecordId::default()).len(), 3);
    }
}
