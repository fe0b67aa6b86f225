//! The journal of published events on disk.

use std::{error::Error as StdError, path::Path};

use anilibria_cache::coordination::{DiskMap, MapChange};
use tracing::{info, warn};

use super::told::{Step, Told};

/// File name of the journal.
const FILE: &str = "events.redb";

/// The journal of published events on disk.
#[derive(Debug)]
pub(super) struct Journal {
    map: DiskMap,
    /// True if an earlier change could not be written.
    is_behind: bool,
}

impl Journal {
    /// Opens the journal in `directory` and loads its contents into `told`. Returns `None` if the journal is not writable or
    /// another service holds it.
    pub(super) async fn open(directory: &Path, told: &mut Told) -> Option<Self> {
        let open = async {
            let map = DiskMap::open(directory.join(FILE)).await?;
            let entries = map.entries().await?;
            Ok::<_, anilibria_cache::Error>((map, entries))
        };
        match open.await {
            Ok((map, entries)) => {
                let mut journal = Self { map, is_behind: false };
                let step = told.read(entries);
                journal.write(step, told).await;
                Some(journal)
            }
            Err(error) => {
                let error = &error as &dyn StdError;
                warn!(error, "event journal unavailable, events are remembered in memory only");
                None
            }
        }
    }

    /// Writes `step`, or all of `told` if an earlier write failed. Events are published even if the write fails.
    pub(super) async fn write(&mut self, step: Step, told: &Told) {
        let (step, change) = if self.is_behind {
            (told.whole(), MapChange::default().clear())
        } else {
            (step, MapChange::default())
        };
        if step.is_empty() {
            return;
        }
        let change = step.into_iter().fold(change, |change, (field, value)| match value {
            Some(value) => change.put(field, value),
            None => change.remove(field),
        });
        match self.map.change(&change).await {
            Ok(_) => {
                if std::mem::take(&mut self.is_behind) {
                    info!("event journal writable again");
                }
            }
            Err(error) => {
                if !self.is_behind {
                    let error = &error as &dyn StdError;
                    warn!(error, "event journal cannot be written, retrying with the next event");
                }
                self.is_behind = true;
            }
        }
    }
}
