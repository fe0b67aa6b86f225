//! Sending of a plan.

use std::fmt;

use super::plan::{CollectionChange, Plan};
use crate::{
    Client, Error,
    model::{CollectionKind, ReleaseId},
};

/// Maximum number of changes in one request.
const BATCH: usize = 100;

/// Numbers of changes that were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Favorites added.
    pub favorites: usize,
    /// Releases put into collections.
    pub collections: usize,
    /// Playback positions saved.
    pub timecodes: usize,
    /// Scores set.
    pub scores: usize,
}

impl Applied {
    /// Returns the number of all changes.
    pub fn total(&self) -> usize {
        self.favorites + self.collections + self.timecodes + self.scores
    }
}

/// As `2 favorites, 10 collections, 120 episodes, 0 scores`.
impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { favorites, collections, timecodes, scores } = self;
        write!(f, "{favorites} favorites, {collections} collections, {timecodes} episodes, {scores} scores")
    }
}

/// Error of [`Plan::apply`]: a request failed, and the changes before it are made.
#[derive(Clone, Debug, thiserror::Error)]
#[error("import stopped with {} changes left; done: {applied}", .remaining.changes())]
#[non_exhaustive]
pub struct ApplyError {
    /// Changes that were made.
    pub applied: Applied,
    /// Changes that were not made, among them those of the failed request. Apply them to resume the import.
    pub remaining: Box<Plan>,
    /// Error of the request.
    pub source: Error,
}

impl Plan {
    /// Sends the changes in batches of 100: favorites, collections, playback positions, then scores one by one.
    ///
    /// All changes set values, so that sending one twice changes nothing. A plan that is made after an import is empty.
    ///
    /// # Errors
    ///
    /// [`ApplyError`] with the changes that are left if a request fails.
    pub async fn apply(self, client: &Client) -> Result<Applied, ApplyError> {
        let mut import = Import { client, remaining: self, applied: Applied::default() };
        match import.run().await {
            Ok(()) => Ok(import.applied),
            Err(source) => {
                Err(ApplyError { applied: import.applied, remaining: Box::new(import.remaining), source })
            }
        }
    }
}

/// State of an import. A change leaves `remaining` after its request has succeeded.
struct Import<'c> {
    client: &'c Client,
    remaining: Plan,
    applied: Applied,
}

impl Import<'_> {
    async fn run(&mut self) -> Result<(), Error> {
        while !self.remaining.favorites.is_empty() {
            let batch = first(&self.remaining.favorites);
            self.client.favorites().add(batch.iter().copied()).await?;
            self.applied.favorites += batch.len();
            self.remaining.favorites.drain(..batch.len());
        }
        while let Some(change) = self.remaining.collections.first() {
            let kind = change.to.clone();
            let batch = in_collection(&self.remaining.collections, &kind);
            self.client.collections().put(&kind, batch.iter().copied()).await?;
            self.applied.collections += batch.len();
            self.remaining.collections.retain(|change| !batch.contains(&change.release_id));
        }
        while !self.remaining.timecodes.is_empty() {
            let batch = first(&self.remaining.timecodes);
            self.client.views().save(batch).await?;
            self.applied.timecodes += batch.len();
            let sent = batch.len();
            self.remaining.timecodes.drain(..sent);
        }
        while let Some(score) = self.remaining.scores.first() {
            if let Some(points) = score.score {
                self.client.ratings().set(score.release_id, points).await?;
                self.applied.scores += 1;
            }
            self.remaining.scores.remove(0);
        }
        Ok(())
    }
}

/// Returns the first batch of a list.
fn first<T>(list: &[T]) -> &[T] {
    list.get(..BATCH).unwrap_or(list)
}

/// Returns the first batch of the releases to put into the collection `kind`.
fn in_collection(changes: &[CollectionChange], kind: &CollectionKind) -> Vec<ReleaseId> {
    let changes = changes.iter().filter(|change| change.to == *kind);
    changes.map(|change| change.release_id).take(BATCH).collect()
}
