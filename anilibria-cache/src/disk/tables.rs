//! The tables of the file, and what one transaction does to them.

use std::ops::ControlFlow;

use redb::{
    Error, ReadTransaction, ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction,
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
/// Deadline and place of each entry, and its key: the first one expires first.
const DEADLINE_ORDER: TableDefinition<(u64, u64), &str> = TableDefinition::new("v1 deadlines");
/// The place of each entry, and its key: the first one was written longest ago.
const WRITE_ORDER: TableDefinition<u64, &str> = TableDefinition::new("v1 writes");
/// Numbers about all entries together.
const TOTALS: TableDefinition<&str, u64> = TableDefinition::new("v1 totals");

const COST: &str = "cost";
const NEXT_PLACE: &str = "next place";

/// The size of redb's pages, which its larger ones are powers of two of.
const PAGE: usize = 4096;

/// How many bytes of the file an entry takes, roughly and rather too many: a value over half a page has pages of its
/// own, in powers of two; rows that share a page leave a third of it free.
pub(super) fn cost<'a>(key: &str, bytes: usize, tags: impl Iterator<Item = &'a str>) -> u64 {
    let value = key.len() + bytes + 32;
    let value = if value > PAGE / 2 { value.next_power_of_two().max(PAGE) } else { value + value / 2 };
    let rows = 3 * key.len() + 140 + tags.map(|tag| key.len() + 2 * tag.len() + 24).sum::<usize>();
    u64::try_from(value + rows + rows / 2).unwrap_or(u64::MAX)
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) entries: u64,
    /// The sum of what the entries [cost].
    pub(super) bytes: u64,
}

/// The tables as one transaction may change them.
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
    /// Opens all tables, and makes those that are not there.
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

    /// Writes down the totals and says what they are.
    pub(super) fn finish(mut self) -> Result<Totals, Error> {
        self.totals.insert(COST, self.cost)?;
        self.totals.insert(NEXT_PLACE, self.next_place)?;
        Ok(Totals { entries: self.records.len()?, bytes: self.cost })
    }

    /// Puts an entry under `key` in place of what is there.
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

    /// Takes away what is under `key`; says whether there was anything.
    pub(super) fn remove(&mut self, key: &str) -> Result<bool, Error> {
        let there = self.unlink(key)?;
        if there {
            self.entries.remove(key)?;
        }
        Ok(there)
    }

    /// Takes the record of `key` away, and with it all that leads to `key`.
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

    /// Does what `invalidation` says; returns to how many entries.
    pub(super) fn invalidate(&mut self, invalidation: &Invalidation, now: u64) -> Result<u64, Error> {
        let mut count = 0;
        for key in self.select(&invalidation.scope)? {
            let touched = match invalidation.action {
                Action::Remove => self.remove(&key)?,
                Action::Expire => self.expire(&key, now)?,
            };
            count += u64::from(touched);
        }
        Ok(count)
    }

    fn expire(&mut self, key: &str, now: u64) -> Result<bool, Error> {
        let record = self.records.get(key)?.map(|record| read_record(record.value())).transpose()?;
        let Some(mut record) = record else {
            return Ok(false);
        };
        record.expire(now);
        self.records.insert(key, record.encode().as_slice())?;
        Ok(true)
    }

    /// The keys that `scope` is about. They are collected: a table cannot be changed while it is walked through.
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

    /// Drops up to `limit` entries that have expired at `now`.
    pub(super) fn sweep(&mut self, now: u64, limit: usize) -> Result<(), Error> {
        for _ in 0..limit {
            if self.drop_expired(now)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Drops entries until the rest costs no more than `budget`: first those that have expired at `now`, then those
    /// written longest ago. Says how many of the latter.
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

    /// Drops the entry that expires first, if it has; there is no other if it has not.
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

/// The bytes of the entry under `key`, with the deadlines that hold now, unless it has expired at `now`.
pub(super) fn read(txn: &ReadTransaction, key: &str, now: u64) -> Result<Option<Vec<u8>>, Error> {
    let Some(record) = txn.open_table(RECORDS)?.get(key)? else {
        return Ok(None);
    };
    let record = read_record(record.value())?;
    let entry = if record.stale_until > now { txn.open_table(ENTRIES)?.get(key)? } else { None };
    Ok(entry.map(|entry| {
        let mut bytes = entry.value().to_vec();
        // Bytes that are too short for deadlines are none of an entry, which decoding them will tell.
        if let Some(part) = bytes.get_mut(DEADLINES) {
            part.copy_from_slice(&record.deadlines);
        }
        bytes
    }))
}

fn read_record(bytes: &[u8]) -> Result<Record, Error> {
    Record::decode(bytes).ok_or_else(|| Error::Corrupted("a record is malformed".to_owned()))
}
