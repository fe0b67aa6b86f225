//! The tables of the file and their changes within a transaction.

use std::ops::ControlFlow;

use redb::{
    Error, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, Table, TableDefinition,
    WriteTransaction,
};

use super::record::Record;
use crate::{
    format::DEADLINES,
    invalidation::{Action, Invalidation, Scope},
    pattern::Pattern,
};

/// The bytes of each entry, as [`format`](crate::format) writes them.
const ENTRIES: TableDefinition<&str, &[u8]> = TableDefinition::new("v1 entries");
/// The [`Record`] of each entry.
const RECORDS: TableDefinition<&str, &[u8]> = TableDefinition::new("v1 records");
/// Tag and key of each entry that carries the tag.
const TAGS: TableDefinition<(&str, &str), ()> = TableDefinition::new("v1 tags");
/// The key of each entry by deadline and place, in order of expiry.
const DEADLINE_ORDER: TableDefinition<(u64, u64), &str> = TableDefinition::new("v1 deadlines");
/// The key of each entry by place, the entry written longest ago first.
const WRITE_ORDER: TableDefinition<u64, &str> = TableDefinition::new("v1 writes");
/// Totals of all entries.
const TOTALS: TableDefinition<&str, u64> = TableDefinition::new("v1 totals");

const COST: &str = "cost";
const NEXT_PLACE: &str = "next place";

/// Size of a page of redb. Larger pages are multiples of it by a power of two.
const PAGE: usize = 4096;

/// Returns an estimate of the size of an entry in the file, rather too high than too low. A value over half a page has
/// separate pages, in powers of two. Rows that share a page leave a third of it free.
pub(super) fn cost<'a>(key: &str, bytes: usize, tags: impl Iterator<Item = &'a str>) -> u64 {
    let value = key.len() + bytes + 32;
    let value = if value > PAGE / 2 { value.next_power_of_two().max(PAGE) } else { value + value / 2 };
    let rows = 3 * key.len() + 140 + tags.map(|tag| key.len() + 2 * tag.len() + 24).sum::<usize>();
    u64::try_from(value + rows + rows / 2).unwrap_or(u64::MAX)
}

/// Number and cost of all entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) entries: u64,
    /// The total [cost] of the entries.
    pub(super) bytes: u64,
}

/// The tables within a write transaction.
pub(super) struct Tables<'txn> {
    entries: Table<'txn, &'static str, &'static [u8]>,
    records: Table<'txn, &'static str, &'static [u8]>,
    tags: Table<'txn, (&'static str, &'static str), ()>,
    deadlines: Table<'txn, (u64, u64), &'static str>,
    writes: Table<'txn, u64, &'static str>,
    totals: Table<'txn, &'static str, u64>,
    cost: u64,
    next_place: u64,
}

impl<'txn> Tables<'txn> {
    /// Opens all tables. Creates those that do not exist.
    pub(super) fn open(txn: &'txn WriteTransaction) -> Result<Self, Error> {
        let totals = txn.open_table(TOTALS)?;
        let total = |name| Ok::<_, Error>(totals.get(name)?.map_or(0, |total| total.value()));
        let (cost, next_place) = (total(COST)?, total(NEXT_PLACE)?);
        Ok(Self {
            entries: txn.open_table(ENTRIES)?,
            records: txn.open_table(RECORDS)?,
            tags: txn.open_table(TAGS)?,
            deadlines: txn.open_table(DEADLINE_ORDER)?,
            writes: txn.open_table(WRITE_ORDER)?,
            totals,
            cost,
            next_place,
        })
    }

    /// Writes the totals and returns them.
    pub(super) fn finish(mut self) -> Result<Totals, Error> {
        self.totals.insert(COST, self.cost)?;
        self.totals.insert(NEXT_PLACE, self.next_place)?;
        Ok(Totals { entries: self.records.len()?, bytes: self.cost })
    }

    /// Puts an entry under `key`, replacing an earlier one.
    pub(super) fn put(&mut self, key: &str, record: &Record, bytes: &[u8]) -> Result<(), Error> {
        self.unlink(key)?;
        let place = self.next_place;
        let record = Record { place, ..record.clone() };
        self.entries.insert(key, bytes)?;
        self.records.insert(key, record.encode().as_slice())?;
        self.deadlines.insert((record.stale_until, place), key)?;
        self.writes.insert(place, key)?;
        for tag in &record.tags {
            self.tags.insert((tag.as_str(), key), ())?;
        }
        self.next_place += 1;
        self.cost = self.cost.saturating_add(record.cost);
        Ok(())
    }

    /// Removes the entry under `key`. Returns true if there was one.
    pub(super) fn remove(&mut self, key: &str) -> Result<bool, Error> {
        let there = self.unlink(key)?;
        if there {
            self.entries.remove(key)?;
        }
        Ok(there)
    }

    /// Removes the record of `key` and its rows in the other tables, except for the bytes of the entry.
    fn unlink(&mut self, key: &str) -> Result<bool, Error> {
        let Some(record) = self.records.remove(key)? else {
            return Ok(false);
        };
        let record = read_record(record.value())?;
        self.deadlines.remove((record.stale_until, record.place))?;
        self.writes.remove(record.place)?;
        for tag in &record.tags {
            self.tags.remove((tag.as_str(), key))?;
        }
        self.cost = self.cost.saturating_sub(record.cost);
        Ok(true)
    }

    /// Applies `invalidation`. Returns the number of affected entries.
    pub(super) fn invalidate(&mut self, invalidation: &Invalidation) -> Result<u64, Error> {
        let mut count = 0;
        for key in self.select(&invalidation.scope)? {
            let touched = match invalidation.action {
                Action::Remove => self.remove(&key)?,
                Action::Expire => self.expire(&key)?,
            };
            count += u64::from(touched);
        }
        Ok(count)
    }

    fn expire(&mut self, key: &str) -> Result<bool, Error> {
        let record = self.records.get(key)?.map(|record| read_record(record.value())).transpose()?;
        let Some(mut record) = record else {
            return Ok(false);
        };
        record.expire();
        self.records.insert(key, record.encode().as_slice())?;
        Ok(true)
    }

    /// Returns the keys of the entries that `scope` covers. A table cannot change while it is iterated over.
    fn select(&self, scope: &Scope) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        match scope {
            Scope::Key(key) => keys.push(String::from(&**key)),
            Scope::Tag(tag) => {
                for row in self.tags.range::<(&str, &str)>((tag.as_str(), "")..)? {
                    let (row, ()) = row.map(|(row, nothing)| (row, nothing.value()))?;
                    let (other, key) = row.value();
                    if other != tag.as_str() {
                        break;
                    }
                    keys.push(key.to_owned());
                }
            }
            Scope::Matching(pattern) => self.matching(pattern, &mut keys)?,
            Scope::All => self.matching(&"*".into(), &mut keys)?,
        }
        Ok(keys)
    }

    fn matching(&self, pattern: &Pattern, keys: &mut Vec<String>) -> Result<(), Error> {
        let start = pattern.as_str().split('*').next().unwrap_or_default();
        for row in self.records.range::<&str>(start..)? {
            let (key, _) = row?;
            let key = key.value();
            if !key.starts_with(start) {
                break;
            }
            if pattern.matches(key) {
                keys.push(key.to_owned());
            }
        }
        Ok(())
    }

    /// Removes up to `limit` entries that have expired at `now`.
    pub(super) fn sweep(&mut self, now: u64, limit: usize) -> Result<(), Error> {
        for _ in 0..limit {
            if self.drop_expired(now)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Removes entries until the others cost no more than `budget`: first those that have expired at `now`, then those
    /// written longest ago. Returns the number of the latter.
    pub(super) fn evict(&mut self, budget: u64, now: u64) -> Result<u64, Error> {
        let mut evicted = 0;
        while self.cost > budget {
            if self.drop_expired(now)?.is_continue() {
                continue;
            }
            let oldest = self.writes.first()?.map(|(_, key)| key.value().to_owned());
            let Some(oldest) = oldest else {
                break;
            };
            self.remove(&oldest)?;
            evicted += 1;
        }
        Ok(evicted)
    }

    /// Removes the entry that expires first if it has expired at `now`. Otherwise no entry has.
    fn drop_expired(&mut self, now: u64) -> Result<ControlFlow<()>, Error> {
        let first = self.deadlines.first()?.map(|(due, key)| (due.value().0, key.value().to_owned()));
        match first {
            Some((due, key)) if due <= now => {
                self.remove(&key)?;
                Ok(ControlFlow::Continue(()))
            }
            _ => Ok(ControlFlow::Break(())),
        }
    }
}

/// The tables that a read transaction needs.
pub(super) struct Reader {
    records: ReadOnlyTable<&'static str, &'static [u8]>,
    entries: ReadOnlyTable<&'static str, &'static [u8]>,
}

impl Reader {
    pub(super) fn new(txn: &ReadTransaction) -> Result<Self, Error> {
        Ok(Self { records: txn.open_table(RECORDS)?, entries: txn.open_table(ENTRIES)? })
    }

    /// Returns the bytes of the entry under `key` with its current deadlines, unless it has expired at `now`.
    pub(super) fn get(&self, key: &str, now: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(record) = self.records.get(key)? else {
            return Ok(None);
        };
        let record = read_record(record.value())?;
        let entry = if record.stale_until > now { self.entries.get(key)? } else { None };
        Ok(entry.map(|entry| {
            let mut bytes = entry.value().to_vec();
            // Bytes that are too short for deadlines are not an entry, which decoding reports.
            if let Some(part) = bytes.get_mut(DEADLINES) {
                part.copy_from_slice(&record.deadlines);
            }
            bytes
        }))
    }
}

fn read_record(bytes: &[u8]) -> Result<Record, Error> {
    Record::decode(bytes).ok_or_else(|| Error::Corrupted("a record is malformed".to_owned()))
}
