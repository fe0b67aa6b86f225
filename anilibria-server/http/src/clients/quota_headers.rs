//! Response headers that describe the quota of a client.
//!
//! `RateLimit` and `RateLimit-Policy` follow the draft of the IETF's HTTPAPI working group. `RateLimit-Limit`,
//! `RateLimit-Remaining` and `RateLimit-Reset` are the headers of its earlier versions.

use std::num::NonZeroU32;

use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::state::{ClientBounds, QuotaState};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const STATE: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Maximum number of states of a quota whose headers are created in advance.
const MAX_READY: u32 = 256;

/// Headers of one kind of quota, most of them created in advance: requests should not pay for formatting.
pub(super) struct QuotaHeaders {
    name: &'static str,
    limit: HeaderValue,
    policy: Option<HeaderValue>,
    /// Headers of a client with this number of remaining requests whose last request was accepted.
    ready: Vec<StateHeaders>,
}

/// Headers that change with each request.
#[derive(Clone)]
struct StateHeaders {
    remaining: HeaderValue,
    reset: HeaderValue,
    state: Option<HeaderValue>,
}

impl QuotaHeaders {
    /// Creates the headers of a quota with these `bounds`.
    pub(super) fn new(bounds: ClientBounds) -> Self {
        let (name, burst) = (bounds.kind.as_str(), bounds.burst);
        let ready = (0..burst.get().saturating_add(1).min(MAX_READY))
            .map(|remaining| StateHeaders::new(name, remaining, reset(bounds, remaining)))
            .collect();
        Self { name, limit: bounds.per_minute.into(), policy: policy(name, burst, reset(bounds, 0)), ready }
    }

    /// Writes `quota` into `headers`.
    pub(super) fn write(&self, quota: &QuotaState, headers: &mut HeaderMap) {
        let ready = usize::try_from(quota.remaining).ok().and_then(|remaining| self.ready.get(remaining));
        // After a refused request, the reset is the time until the next one is accepted.
        let ready = ready.filter(|_| quota.wait.is_none()).cloned();
        let values = ready.unwrap_or_else(|| StateHeaders::new(self.name, quota.remaining, quota.reset));
        headers.insert(LIMIT, self.limit.clone());
        headers.insert(REMAINING, values.remaining);
        headers.insert(RESET, values.reset);
        headers.extend(self.policy.clone().map(|policy| (POLICY, policy)));
        headers.extend(values.state.map(|state| (STATE, state)));
    }
}

impl StateHeaders {
    fn new(name: &str, remaining: u32, reset: u32) -> Self {
        let state = HeaderValue::try_from(format!("\"{name}\";r={remaining};t={reset}"));
        Self { remaining: remaining.into(), reset: reset.into(), state: state.ok() }
    }
}

/// Returns the policy: the burst, in the time that it takes to refill. This is the sustained rate as well, and both parameters
/// are upper bounds of those in `RateLimit`.
fn policy(name: &str, burst: NonZeroU32, window: u32) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{name}\";q={burst};w={window}")).ok()
}

/// Returns the seconds until the whole burst is available again.
fn reset(bounds: ClientBounds, remaining: u32) -> u32 {
    bounds.replenished_in(bounds.burst.get().saturating_sub(remaining))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clients::state::QuotaKind;

    const BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
    const BOUNDS: ClientBounds =
        ClientBounds { kind: QuotaKind::Address, per_minute: 100, burst: BURST, in_progress: 1 };

    fn written(bounds: ClientBounds, quota: QuotaState) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        QuotaHeaders::new(bounds).write(&quota, &mut headers);
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let mut headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        headers.sort();
        headers
    }

    fn expected(headers: [(&str, &str); 5]) -> Vec<(String, String)> {
        headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn policy_is_the_burst_and_the_time_in_which_it_refills() {
        let quota = QuotaState { kind: QuotaKind::Address, remaining: 18, reset: 2, wait: None };

        assert_eq!(
            written(BOUNDS, quota),
            expected([
                ("ratelimit", "\"address\";r=18;t=2"),
                ("ratelimit-limit", "100"),
                ("ratelimit-policy", "\"address\";q=20;w=12"),
                ("ratelimit-remaining", "18"),
                ("ratelimit-reset", "2"),
            ])
        );
    }

    #[test]
    fn refused_request_is_told_when_the_next_one_is_accepted() {
        let wait = Some(Duration::from_millis(600));
        let quota = QuotaState { kind: QuotaKind::Login, remaining: 0, reset: 1, wait };

        assert_eq!(
            written(ClientBounds { kind: QuotaKind::Login, ..BOUNDS }, quota)[0].1,
            "\"login\";r=0;t=1"
        );
    }

    #[test]
    fn headers_created_in_advance_are_those_of_any_other_state() {
        let bounds = ClientBounds { burst: NonZeroU32::new(600).unwrap(), per_minute: 6000, ..BOUNDS };
        for remaining in [0, 1, 255, 256, 599, 600] {
            let quota =
                QuotaState { kind: bounds.kind, remaining, reset: reset(bounds, remaining), wait: None };

            let state = &written(bounds, quota)[0].1;

            assert_eq!(*state, format!("\"address\";r={remaining};t={}", quota.reset));
        }
    }
}
