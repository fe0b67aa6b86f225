//! The price of costly work, charged to the client that causes it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anilibria_http::{LoadFailure, clients::Client};

/// Rendered items of a page per unit.
const ITEMS: usize = 150;

/// Calls to AniLibria per unit. Fewer calls are free.
const CALLS: usize = 16;

/// Units of a search by an expression. Each regular expression in it costs one more.
const SEARCH: usize = 2;

/// Charges the quota of a client for work that costs more than a usual request. One unit is the price of one request.
///
/// Clones belong to the same request. Charge before the work begins, and inside the load: a cache hit costs nothing.
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

    /// Charges for a search by an expression with `patterns` regular expressions.
    pub(super) fn search(&self, patterns: usize) -> Result<(), LoadFailure> {
        self.take(SEARCH + patterns)
    }

    fn take(&self, units: usize) -> Result<(), LoadFailure> {
        self.client.charge(u32::try_from(units).unwrap_or(u32::MAX)).map_err(|retry_after| {
            self.is_refused.store(true, Ordering::Relaxed);
            LoadFailure::RateLimited { retry_after }
        })
    }

    /// True if the quota of this client refused the charge. False if the refusal is that of another request for the same
    /// load.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
impl Charge {
    /// Creates the charge of a request that did not come over the network.
    pub(super) fn none() -> Self {
        Self::to(Client::local())
    }
}
