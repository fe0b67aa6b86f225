//! Records to be appended to a feed.

use std::time::Duration;

use super::{id::RecordId, record::MAX_METADATA};

/// A record to be appended, apart from its payload. Created by [`RedisFeed::record`](super::RedisFeed::record).
#[derive(Clone, Debug)]
#[must_use = "a record has no effect until it is appended"]
pub struct NewRecord<'a> {
    pub(super) channel: &'a str,
    pub(super) idempotency_key: Option<(&'a str, Duration)>,
    pub(super) fingerprint: &'a str,
    pub(super) version: u64,
    pub(super) metadata: Option<&'a [u8]>,
    pub(super) checkpoint: Option<&'a [u8]>,
    pub(super) fencing_token: Option<u64>,
}

impl<'a> NewRecord<'a> {
    pub(super) fn new(channel: &'a str) -> Self {
        Self {
            channel,
            idempotency_key: None,
            fingerprint: "",
            version: 0,
            metadata: None,
            checkpoint: None,
            fencing_token: None,
        }
    }

    /// Appends the record only if no record with this key was appended within `window`. The prefix is not added to `key`,
    /// but in a cluster the name of the feed is. Default: none, and the record is always appended.
    pub fn idempotency_key(mut self, key: &'a str, window: Duration) -> Self {
        self.idempotency_key = Some((key, window));
        self
    }

    /// Sets the fingerprint of the content. A record whose fingerprint differs from that of the last record with the same
    /// [idempotency key](Self::idempotency_key) is not a duplicate. Default: empty, and the key alone counts.
    pub fn fingerprint(mut self, fingerprint: &'a str) -> Self {
        self.fingerprint = fingerprint;
        self
    }

    /// Sets metadata for subscribers of the feed. Metadata is not published on the channel. Default: none. Empty metadata and
    /// metadata of more than 1,024 bytes are ignored.
    pub fn metadata(mut self, metadata: &'a [u8]) -> Self {
        self.metadata = Some(metadata).filter(|metadata| (1..=MAX_METADATA).contains(&metadata.len()));
        self
    }

    /// Sets the version of the subject; higher is newer. The record is a duplicate if the last record with the same
    /// [idempotency key](Self::idempotency_key) has a higher version. So a late writer cannot publish a state that was
    /// superseded. Default: 0, which is never superseded.
    pub fn version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// Sets the position from which the writer would resume after this record, for
    /// [`RedisFeed::checkpoint`](super::RedisFeed::checkpoint). The checkpoint is stored atomically with the record, and also
    /// if the record is a duplicate. Default: the stored checkpoint stays.
    pub fn checkpoint(mut self, checkpoint: &'a [u8]) -> Self {
        self.checkpoint = Some(checkpoint);
        self
    }

    /// Sets the [fencing token](crate::coordination::Candidate::fencing_token) of the leader that writes the record. The
    /// feed rejects the record if it has seen a greater token. Default: none, and the record is never rejected.
    pub fn fencing_token(mut self, token: u64) -> Self {
        self.fencing_token = Some(token);
        self
    }
}

/// Outcome of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// The record was appended with this id.
    Appended(RecordId),
    /// A record with the same idempotency key was appended before, or a newer version was. Nothing was appended.
    Duplicate,
    /// A newer leader, with a greater fencing token, has written to the feed. Nothing was appended.
    Fenced,
}
