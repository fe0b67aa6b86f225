//! Placeholders for the indexer in a build without the cargo feature `torznab`.

use std::sync::Arc;

use anilibria_http::{clients::Clients, router::RouteTable};

use crate::{config::TorznabConfig, titles::Titles};

/// An indexer without a route.
#[derive(Clone, Copy, Debug)]
pub struct Torznab;

/// A task that is never started.
#[derive(Clone, Copy, Debug)]
pub struct FranchiseTask;

impl Torznab {
    /// Returns the placeholder.
    pub fn new(_: &TorznabConfig, _: &Titles) -> Self {
        Self
    }

    /// Returns no routes.
    pub fn table(self, _: &Arc<Clients>) -> RouteTable {
        RouteTable::new()
    }

    /// Starts no task.
    pub fn start(self, _: bool) -> Option<FranchiseTask> {
        None
    }
}
