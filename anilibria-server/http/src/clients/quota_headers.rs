//! Response headers that describe the quota of a client.
//!
//! `RateLimit` and `RateLimit-Policy` follow the draft of the IETF's HTTPAPI working group. `RateLimit-Limit`,
//! `RateLimit-Remaining` and `RateLimit-Reset` are the headers of its earlier versions.

use std::num::NonZeroU32;

use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::state::{ClientLimits, QuotaState};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const STATE: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Maximum number of states of a quota whose headers are created in advance.
const MAX_READY: u32 = 256;

/// Headers of one kind of quota. Most of them are created in advance, so that requests do not spend time on formatting.
pub(super) struct QuotaHeaders {
    name: &'static str,
    limit: HeaderValue,
    policy: Option<HeaderValue>,
    /// Headers by the number of remaining requests, for clients whose last request was accepted.
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
    /// Creates the headers of a quota with these `limits`.
    pub(super) fn new(limits: ClientLimits) -> Self {
        let (name, burst) = (limits.kind.as_str(), limits.burst);
        let ready = (0..burst.get().saturating_add(1).min(MAX_READY))
            .map(|remaining| StateHeaders::new(name, remaining, reset(limits, remaining)))
            .collect();
        Self { name, limit: limits.per_minute.into(), policy: policy(name, burst, reset(limits, 0)), ready }
    }

    /// Writes `quota` into `headers`.
    pub(super) fn write(&self, quota: &QuotaState, headers: &mut HeaderMap) {
        let ready = usize::try_from(quota.remaining).ok().and_then(|remaining| self.ready.get(remaining));
        // After a rejected request, the reset is the time until the next one is accepted.
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

/// Returns the policy: the burst, and the time in which it refills. Their ratio is the sustained rate, and both are upper bounds
/// of the parameters in `RateLimit`.
fn policy(name: &str, burst: NonZeroU32, window: u32) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{name}\";q={burst};w={window}")).ok()
}

/// Returns the seconds until the whole burst is available again.
fn reset(limits: ClientLimits, remaining: u32) -> u32 {
    limits.replenished_in(limits.burst.get().saturating_sub(remaining))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clients::state::QuotaKind;

    const BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
    const LIMITS: ClientLimits =
        ClientLimits { kind: QuotaKind::Address, per_minute: 100, burst: BURST, max_in_progress: 1 };

    fn written(limits: ClientLimits, quota: QuotaState) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        QuotaHeaders::new(limits).write(&quota, &mut headers);
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
    fn policy_is_the_burst_and_its_refill_time() {
        let quota = QuotaState { kind: QuotaKind::Address, remaining: 18, reset: 2, wait: None };

        assert_eq!(
            written(LIMITS, quota),
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
    fn reset_after_a_rejection_is_the_time_until_the_next_request_is_accepted() {
        let wait = Some(Duration::from_millis(600));
        let quota = QuotaState { kind: QuotaKind::Login, remaining: 0, reset: 1, wait };

        assert_eq!(
            written(ClientLimits { kind: QuotaKind::Login, ..LIMITS }, quota)[0].1,
            "\"login\";r=0;t=1"
        );
    }

    #[test]
    fn headers_created_in_advance_equal_those_created_on_demand() {
        let limits = ClientLimits { burst: NonZeroU32::new(600).unwrap(), per_minute: 6000, ..LIMITS };
        for remaining in [0, 1, 255, 256, 599, 600] {
            let quota =
                QuotaState { kind: limits.kind, remaining, reset: reset(limits, remaining), wait: None };

            let state = &written(limits, quota)[0].1;

            assert_eq!(*state, format!("\"address\";r={remaining};t={}", quota.reset));
        }
    }
}
