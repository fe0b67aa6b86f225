//! The price of costly work, charged to the client that causes it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anilibria_http::{LoadFailure, clients::Client};

/// Items of a page that are rendered for one unit.
const ITEMS: usize = 150;

/// Calls to AniLibria for one unit; a request may cause fewer without a charge.
const CALLS: usize = 16;

/// Units of a search by an expression, without its regular expressions, which cost one each.
const SEARCH: usize = 2;

/// Charges the quota of a client for work that costs more than a usual request. One unit is the price of one request.
///
/// Clones belong to the same request. Charge before the work begins, and where it really is done: what a cache answers
/// costs nothing.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    client: Client,
    is_refused: Arc<AtomicBool>,
}

impl Charge {
    /// Creates the charge of a request by `client`.
    pub(super) fn to(client: Client) -> Self {
        Self { client, is_refused: Arc::default() }
    }

    /// Charges for rendering a page of `items`.
    pub(super) fn page(&self, items: usize) -> Result<(), LoadFailure> {
        self.take(items / ITEMS)
    }

    /// Charges for `calls` to AniLibria.
    pub(super) fn calls(&self, calls: usize) -> Result<(), LoadFailure> {
        self.take(calls / CALLS)
    }

    /// Charges for a search by an expression with so many regular expressions.
    pub(super) fn search(&self, patterns: usize) -> Result<(), LoadFailure> {
        self.take(SEARCH + patterns)
    }

    fn take(&self, units: usize) -> Result<(), LoadFailure> {
        self.client.charge(u32::try_from(units).unwrap_or(u32::MAX)).map_err(|retry_after| {
            self.is_refused.store(true, Ordering::Relaxed);
            LoadFailure::RateLimited { retry_after }
        })
    }

    /// True if it was this request that could not be charged, and not another one that waited for the same load.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
impl Charge {
    /// The charge of a request that did not come over the network.
    pub(super) fn none() -> Self {
        Self::to(Client::local())
    }
}
