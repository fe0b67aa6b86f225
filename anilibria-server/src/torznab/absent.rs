//! The indexer of a build without the feature `torznab`.

use std::sync::Arc;

use anilibria_http::{clients::Clients, router::RouteTable};

use crate::{config::TorznabConfig, titles::Titles};

/// No indexer.
#[derive(Clone, Copy, Debug)]
pub struct Torznab;

/// No task.
#[derive(Clone, Copy, Debug)]
pub struct FranchiseTask;

impl Torznab {
    /// Returns no indexer.
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
