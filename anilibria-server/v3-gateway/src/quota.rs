//! Charges for costly work to the quota of the client that requests it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anilibria_http::{LoadFailure, clients::Client};

/// Number of rendered items that cost one unit.
const ITEMS_PER_UNIT: usize = 150;

/// Number of calls to AniLibria that cost one unit. Fewer calls are free.
const CALLS_PER_UNIT: usize = 16;

/// Cost of a search by an expression, in units. Each regular expression in the expression costs one more unit.
const UNITS_PER_SEARCH: usize = 2;

/// Quota of the client of one request, for work that costs more than a usual request. A usual request costs one unit.
///
/// Clones belong to the same request. Charge before the work begins, and inside the load: a cache hit costs nothing.
#[derive(Clone, Debug)]
pub(super) struct RequestQuota {
    client: Client,
    is_exceeded: Arc<AtomicBool>,
}

impl RequestQuota {
    /// Creates the quota of a request by `client`.
    pub(super) fn of(client: Client) -> Self {
        Self { client, is_exceeded: Arc::default() }
    }

    /// Charges for rendering a page of `items`.
    pub(super) fn charge_page(&self, items: usize) -> Result<(), LoadFailure> {
        self.take(items / ITEMS_PER_UNIT)
    }

    /// Charges for `calls` to AniLibria.
    pub(super) fn charge_calls(&self, calls: usize) -> Result<(), LoadFailure> {
        self.take(calls / CALLS_PER_UNIT)
    }

    /// Charges for a search by an expression with `patterns` regular expressions.
    pub(super) fn charge_search(&self, patterns: usize) -> Result<(), LoadFailure> {
        self.take(UNITS_PER_SEARCH + patterns)
    }

    fn take(&self, units: usize) -> Result<(), LoadFailure> {
        self.client.charge(u32::try_from(units).unwrap_or(u32::MAX)).map_err(|retry_after| {
            self.is_exceeded.store(true, Ordering::Relaxed);
            LoadFailure::RateLimited { retry_after }
        })
    }

    /// True if a charge of this request exceeded the quota of the client. False if the quota was exceeded by another request
    /// for the same load.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
impl RequestQuota {
    /// Creates the quota of a request that did not come over the network.
    pub(super) fn local() -> Self {
        Self::of(Client::local())
    }
}
