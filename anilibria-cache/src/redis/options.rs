//! What connections and subscriptions to Redis go by.

use std::time::Duration;

/// What a connection and a subscription go by.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) response_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) max_in_flight: usize,
    pub(super) ca_certificates: Option<Vec<u8>>,
    pub(super) channel: Option<String>,
    pub(super) check_every: Duration,
}
