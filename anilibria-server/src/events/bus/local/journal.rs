//! The journal of published events on disk.

use std::{error::Error as StdError, path::Path};

use anilibria_cache::coordination::{DiskMap, MapChange};
use tracing::{info, warn};

use super::event_log::{EventLog, JournalFields};

/// File name of the journal.
const FILE: &str = "events.redb";

/// The journal of published events on disk.
#[derive(Debug)]
pub(super) struct Journal {
    map: DiskMap,
    /// True if an earlier write failed, so that the next one must write all fields.
    needs_rewrite: bool,
}

impl Journal {
    /// Opens the journal in `directory` and loads its contents into `log`. Returns `None` if the journal is not writable or is
    /// open in another process.
    pub(super) async fn open(directory: &Path, log: &mut EventLog) -> Option<Self> {
        let open = async {
            let map = DiskMap::open(directory.join(FILE)).await?;
            let entries = map.entries().await?;
            Ok::<_, anilibria_cache::Error>((map, entries))
        };
        match open.await {
            Ok((map, entries)) => {
                let mut journal = Self { map, needs_rewrite: false };
                let fields = log.read(entries);
                journal.write(fields, log).await;
                Some(journal)
            }
            Err(error) => {
                let error = &error as &dyn StdError;
                warn!(error, "event journal unavailable, events are stored in memory only");
                None
            }
        }
    }

    /// Writes `fields`, or all fields of `log` if an earlier write failed. Events are published even if the write fails.
    pub(super) async fn write(&mut self, fields: JournalFields, log: &EventLog) {
        let (fields, change) = if self.needs_rewrite {
            (log.all_fields(), MapChange::default().clear())
        } else {
            (fields, MapChange::default())
        };
        if fields.is_empty() {
            return;
        }
        let change = fields.into_iter().fold(change, |change, (field, value)| match value {
            Some(value) => change.put(field, value),
            None => change.remove(field),
        });
        match self.map.change(&change).await {
            Ok(_) => {
                if std::mem::take(&mut self.needs_rewrite) {
                    info!("event journal available again");
                }
            }
            Err(error) => {
                if !self.needs_rewrite {
                    let error = &error as &dyn StdError;
                    warn!(error, "event journal write failed, retrying with the next event");
                }
                self.needs_rewrite = true;
            }
        }
    }
}
