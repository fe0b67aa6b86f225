//! How often one client may ask.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::StateInformationMiddleware,
    state::{InMemoryState, NotKeyed},
};
use moka::{policy::EvictionPolicy, sync::Cache};
use poem::{
    Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method},
};

use super::client::Proxies;
use crate::{auth::User, config::HttpConfig, openapi, problem::Problem};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Most clients that are told apart; beyond, those that were silent longest are forgotten. A client costs some 300 bytes.
const MAX_CLIENTS: u64 = 100_000;

/// Numbers whose header values are made once.
const READY_NUMBERS: u32 = 256;

/// Limits how often one address, and one user, may ask.
pub struct RateLimits {
    proxies: Proxies,
    addresses: Option<Limit<IpAddr>>,
    users: Option<Limit<User>>,
    numbers: Vec<HeaderValue>,
}

impl RateLimits {
    /// The limits that `config` sets.
    pub fn new(config: &HttpConfig) -> Self {
        let burst = config.rate_limit_burst;
        Self {
            proxies: Proxies::new(config.trusted_proxies.clone()),
            addresses: Limit::new(config.rate_limit_requests_per_minute, burst),
            users: Limit::new(config.rate_limit_user_per_minute, burst),
            numbers: (0..READY_NUMBERS).map(HeaderValue::from).collect(),
        }
    }

    /// The address of who sent `request`; `None` when it did not come over the network.
    pub fn client_of(&self, request: &Request) -> Option<IpAddr> {
        self.proxies.client_of(request)
    }

    /// Counts `request`, which came from `client`; `None` when it is of no account.
    pub fn count(&self, request: &Request, client: Option<IpAddr>) -> Option<Standing> {
        // Browsers ask what they may send by themselves.
        if request.method() == Method::OPTIONS || is_exempt(request.uri().path()) {
            return None;
        }
        // Whom a token proves counts for himself, and not for his address, which others may share.
        if let Some(user) = request.extensions().get::<User>() {
            return Some(self.users.as_ref()?.count(user));
        }
        Some(self.addresses.as_ref()?.count(&network(client?)))
    }

    /// Tells in `headers` of an answer how its client stands.
    pub fn tell(&self, standing: &Standing, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.number(standing.limit));
        headers.insert(REMAINING, self.number(standing.remaining));
        headers.insert(RESET, self.number(standing.reset));
    }

    fn number(&self, number: u32) -> HeaderValue {
        let ready = usize::try_from(number).ok().and_then(|index| self.numbers.get(index));
        ready.cloned().unwrap_or_else(|| number.into())
    }
}

/// Health is watched closely, other services have their own ways, and a socket is opened once.
fn is_exempt(path: &str) -> bool {
    let path = path.strip_prefix(openapi::BASE).unwrap_or(path);
    let within =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ["/health", "/ready", "/live", "/metrics", "/internal", "/ws"].into_iter().any(within)
}

/// What is taken for one client: an address, or the network that a client of the newer kind has for itself.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// How a client stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests a minute.
    limit: u32,
    /// How many requests may follow at once.
    remaining: u32,
    /// Seconds until the client may send a whole burst again, or, when it has to wait, any request.
    reset: u32,
    /// How long to wait, if this request was one too many.
    wait: Option<Duration>,
}

impl Standing {
    /// Refuses the request that was one too many.
    pub fn check(&self) -> Result<(), Problem> {
        self.wait.map_or(Ok(()), |retry_after| Err(Problem::RateLimited { retry_after }))
    }
}

/// A bucket for each client: it holds a burst, and is filled steadily.
type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>;

struct Limit<K, C: Clock = MonotonicClock> {
    per_minute: u32,
    quota: Quota,
    clock: C,
    buckets: Cache<K, Arc<Bucket<C>>>,
}

impl<K: std::hash::Hash + Eq + Clone + Send + Sync + 'static> Limit<K> {
    /// `per_minute` requests for long, `burst` at once; no limit when the first is 0.
    fn new(per_minute: u32, burst: NonZeroU32) -> Option<Self> {
        Self::with_clock(per_minute, burst, MonotonicClock)
    }
}

impl<K, C> Limit<K, C>
where
    K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
    C: Clock + Clone + Send + Sync + 'static,
{
    fn with_clock(per_minute: u32, burst: NonZeroU32, clock: C) -> Option<Self> {
        let interval = Duration::from_mins(1).checked_div(per_minute)?;
        let quota = Quota::with_period(interval)?.allow_burst(burst);
        // A bucket that is full again is as good as a new one.
        let full = quota.burst_size_replenished_in() + Duration::from_secs(1);
        let buckets = Cache::builder()
            .max_capacity(MAX_CLIENTS)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(full)
            .build();
        Some(Self { per_minute, quota, clock, buckets })
    }

    fn count(&self, client: &K) -> Standing {
        let new =
            || Arc::new(RateLimiter::direct_with_clock(self.quota, self.clock.clone()).with_middleware());
        let bucket = self.buckets.get_with_by_ref(client, new);
        match bucket.check() {
            Ok(left) => {
                let remaining = left.remaining_burst_capacity();
                let missing = self.quota.burst_size().get().saturating_sub(remaining);
                let reset = seconds(self.quota.replenish_interval().saturating_mul(missing));
                Standing { limit: self.per_minute, remaining, reset, wait: None }
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                Standing { limit: self.per_minute, remaining: 0, reset: seconds(wait), wait: Some(wait) }
            }
        }
    }
}

/// Whole seconds, rounded up so that nobody comes back too early.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const BURST: NonZeroU32 = NonZeroU32::new(3).unwrap();

    fn limit() -> (Limit<u8, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limit::with_clock(60, BURST, clock.clone()).unwrap(), clock)
    }

    #[test]
    fn burst_passes_and_what_follows_has_to_wait() {
        let (limit, clock) = limit();

        let remaining = [(); 3].map(|()| limit.count(&1).remaining);
        let refused = limit.count(&1);
        clock.advance(Duration::from_secs(1));
        let after = limit.count(&1);

        assert_eq!(remaining, [2, 1, 0]);
        assert_eq!(refused.wait, Some(Duration::from_secs(1)));
        assert!(matches!(refused.check(), Err(Problem::RateLimited { .. })));
        assert!(after.wait.is_none() && after.check().is_ok());
    }

    #[test]
    fn reset_tells_when_a_whole_burst_is_there_again() {
        let (limit, clock) = limit();

        assert_eq!(limit.count(&1).reset, 1);
        assert_eq!(limit.count(&1).reset, 2);
        clock.advance(Duration::from_secs(2));

        assert_eq!(limit.count(&1), Standing { limit: 60, remaining: 2, reset: 1, wait: None });
    }

    #[test]
    fn clients_do_not_count_for_each_other() {
        let (limit, _) = limit();
        for _ in 0..4 {
            limit.count(&1);
        }

        assert_eq!(limit.count(&2).remaining, 2);
    }

    #[test]
    fn none_a_minute_stands_for_any_number() {
        assert!(Limit::<u8>::new(0, BURST).is_none());
    }

    #[test]
    fn clients_of_the_newer_kind_are_told_apart_by_network() {
        let of = |address: &str| network(address.parse().unwrap()).to_string();

        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn what_watches_over_the_service_is_not_counted() {
        for path in
            ["/health", "/health/ready", "/api/anilibria/v2/live", "/metrics", "/internal/cache", "/ws"]
        {
            assert!(is_exempt(path), "{path}");
        }
        for path in ["/titles", "/healthy", "/api/anilibria/v2/titles/1", "/"] {
            assert!(!is_exempt(path), "{path}");
        }
    }
}
