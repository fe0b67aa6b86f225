//! Metrics of the client through the `metrics` facade (feature `metrics`). Without the feature these functions are empty.

use std::time::Duration;

use super::mirror::Mirror;
use crate::{Error, request::Request};

/// Counts an attempt on one mirror that has ended.
#[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "nothing is counted"))]
pub(super) fn record_attempt(request: &Request, mirror: &Mirror, error: Option<&Error>, took: Duration) {
    #[cfg(feature = "metrics")]
    {
        let outcome = error.map_or("ok", Error::kind);
        let labels = [
            ("route", request.template().to_owned()),
            ("mirror", mirror.name.clone()),
            ("outcome", outcome.to_owned()),
            (
                "status_code",
                error
                    .map_or(Some(200), Error::http_status)
                    .map_or_else(|| outcome.to_owned(), |status| status.to_string()),
            ),
        ];
        metrics::counter!("anilibria_client_requests_total", &labels).increment(1);
        metrics::histogram!("anilibria_client_request_duration_seconds", "route" => request.template())
            .record(took.as_secs_f64());
    }
}

/// Counts a retry.
#[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "nothing is counted"))]
pub(super) fn record_retry(request: &Request) {
    #[cfg(feature = "metrics")]
    metrics::counter!("anilibria_client_retries_total", "route" => request.template()).increment(1);
}

/// Counts a request that is sent to a further mirror because the first one has not answered yet.
#[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "nothing is counted"))]
pub(super) fn record_hedge(request: &Request) {
    #[cfg(feature = "metrics")]
    metrics::counter!("anilibria_client_hedges_total", "route" => request.template()).increment(1);
}
