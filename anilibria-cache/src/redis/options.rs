//! Options of connections and subscriptions.

use std::time::Duration;

/// Options of connections and subscriptions.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) response_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) max_in_flight: usize,
    #[cfg(feature = "tls")]
    pub(super) ca_certificates: Option<Vec<u8>>,
    pub(super) channel: Option<String>,
    pub(super) check_every: Duration,
}
