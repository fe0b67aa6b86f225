//! State of one client: its quota and its requests in progress.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::StateInformationMiddleware,
    state::{InMemoryState, NotKeyed},
};
use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Maximum number of tracked clients. Beyond it, the least recently used ones are evicted. A client takes about 300 bytes.
const MAX_CLIENTS: u64 = 100_000;

/// Time after the last request at which a client without a quota is evicted.
const IDLE: Duration = Duration::from_mins(1);

/// A token bucket. Its capacity is the burst, and it refills at a constant rate.
type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>;

/// Kinds of clients. Each kind has a separate quota, whose name is that of the policy in the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuotaKind {
    /// Requests of an address.
    Address,
    /// Requests of a signed-in user.
    User,
    /// Requests of a trusted client.
    Trusted,
    /// Logins of an address.
    Login,
}

impl QuotaKind {
    /// Returns the name of the policy.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::User => "user",
            Self::Trusted => "trusted",
            Self::Login => "login",
        }
    }
}

/// Limits for each client of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientLimits {
    /// Kind of the clients.
    pub(super) kind: QuotaKind,
    /// Sustained requests per minute; 0 for no limit.
    pub(super) per_minute: u32,
    /// Burst: maximum number of requests at once after an idle period.
    pub(super) burst: NonZeroU32,
    /// Maximum number of requests in progress.
    pub(super) max_in_progress: usize,
}

impl ClientLimits {
    /// Returns the time in which the bucket refills by one request; `None` without a limit.
    fn interval(self) -> Option<Duration> {
        Duration::from_mins(1).checked_div(self.per_minute)
    }

    /// Returns the seconds in which the bucket refills by `missing` requests.
    pub(super) fn replenished_in(self, missing: u32) -> u32 {
        seconds(self.interval().unwrap_or_default().saturating_mul(missing))
    }
}

/// The clients of one kind, by key.
pub(super) struct ClientTable<K, C: Clock = MonotonicClock> {
    limits: ClientLimits,
    quota: Option<Quota>,
    clock: C,
    clients: Cache<K, Arc<ClientState<C>>>,
}

/// The state of one client.
pub(super) struct ClientState<C: Clock = MonotonicClock> {
    bucket: Option<Bucket<C>>,
    limits: ClientLimits,
    clock: C,
    in_progress: Semaphore,
}

/// The quota of a client after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaState {
    /// Kind of the client.
    pub(super) kind: QuotaKind,
    /// Requests left in the burst.
    pub(super) remaining: u32,
    /// Seconds until the whole burst is available again or, for a rejected request, until it would be accepted.
    pub(super) reset: u32,
    /// Time to wait, if the request was rejected.
    pub(super) wait: Option<Duration>,
}

impl<K> ClientTable<K>
where
    K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
{
    pub(super) fn new(limits: ClientLimits) -> Self {
        Self::with_clock(limits, MonotonicClock)
    }
}

impl<K, C> ClientTable<K, C>
where
    K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
    C: Clock + Clone + Send + Sync + 'static,
{
    fn with_clock(limits: ClientLimits, clock: C) -> Self {
        let quota =
            limits.interval().and_then(Quota::with_period).map(|quota| quota.allow_burst(limits.burst));
        // A client with a full bucket equals a new client, so it can be evicted.
        let full = quota.map_or(IDLE, |quota| quota.burst_size_replenished_in() + Duration::from_secs(1));
        let clients = Cache::builder()
            .max_capacity(MAX_CLIENTS)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(full.max(IDLE))
            .build();
        Self { limits, quota, clock, clients }
    }

    /// Returns the state of the client with this key.
    pub(super) fn get(&self, key: &K) -> Arc<ClientState<C>> {
        self.clients.get_with_by_ref(key, || {
            let bucket = self
                .quota
                .map(|quota| RateLimiter::direct_with_clock(quota, self.clock.clone()).with_middleware());
            let clock = self.clock.clone();
            let in_progress = Semaphore::new(self.limits.max_in_progress.min(Semaphore::MAX_PERMITS));
            Arc::new(ClientState { bucket, limits: self.limits, clock, in_progress })
        })
    }
}

impl<C: Clock> ClientState<C> {
    /// Charges `units` requests to the quota; `None` if there is no quota. A rejected request is not charged.
    ///
    /// At most the burst minus one is charged, because the request itself was charged before. A client could never pay more,
    /// however long it waits.
    pub(super) fn charge(&self, units: NonZeroU32) -> Option<QuotaState> {
        let bucket = self.bucket.as_ref()?;
        let (limits, kind) = (self.limits, self.limits.kind);
        let most = NonZeroU32::new(self.limits.burst.get() - 1).unwrap_or(NonZeroU32::MIN);
        // Never more than the burst, so the bucket has the capacity for it.
        let taken = bucket.check_n(units.min(most)).ok()?;
        Some(match taken {
            Ok(left) => {
                let remaining = left.remaining_burst_capacity();
                let reset = limits.replenished_in(limits.burst.get().saturating_sub(remaining));
                QuotaState { kind, remaining, reset, wait: None }
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                QuotaState { kind, remaining: 0, reset: seconds(wait), wait: Some(wait) }
            }
        })
    }
}

impl ClientState {
    /// Takes a permit for one more request in progress; `None` if this client has too many.
    pub(super) fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.in_progress.try_acquire().ok()
    }
}

/// Returns whole seconds, rounded up so that no client retries too early.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const BURST: NonZeroU32 = NonZeroU32::new(3).unwrap();
    const LIMITS: ClientLimits =
        ClientLimits { kind: QuotaKind::Address, per_minute: 60, burst: BURST, max_in_progress: 2 };

    fn table() -> (ClientTable<u8, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (ClientTable::with_clock(LIMITS, clock.clone()), clock)
    }

    fn charge(table: &ClientTable<u8, FakeRelativeClock>, client: u8, units: u32) -> QuotaState {
        table.get(&client).charge(NonZeroU32::new(units).unwrap()).unwrap()
    }

    #[test]
    fn requests_beyond_the_burst_are_rejected_until_the_bucket_refills() {
        let (table, clock) = table();

        let remaining = [(); 3].map(|()| charge(&table, 1, 1).remaining);
        let refused = charge(&table, 1, 1);
        clock.advance(Duration::from_secs(1));
        let after = charge(&table, 1, 1);

        assert_eq!(remaining, [2, 1, 0]);
        assert_eq!(refused.wait, Some(Duration::from_secs(1)));
        assert_eq!(after.wait, None);
    }

    #[test]
    fn reset_is_the_time_until_the_whole_burst_is_available() {
        let (table, clock) = table();

        assert_eq!(charge(&table, 1, 1).reset, 1);
        assert_eq!(charge(&table, 1, 1).reset, 2);
        clock.advance(Duration::from_secs(2));

        assert_eq!(
            charge(&table, 1, 1),
            QuotaState { kind: QuotaKind::Address, remaining: 2, reset: 1, wait: None }
        );
    }

    #[test]
    fn rejected_charge_takes_nothing() {
        let (table, _) = table();

        assert_eq!(charge(&table, 1, 2).remaining, 1);
        assert!(charge(&table, 1, 2).wait.is_some());
        assert_eq!(charge(&table, 1, 1).remaining, 0);
        assert_eq!(charge(&table, 2, 1).remaining, 2);
        assert_eq!(charge(&table, 2, 100).remaining, 0);
    }

    #[test]
    fn clients_have_separate_quotas() {
        let (table, _) = table();
        for _ in 0..4 {
            charge(&table, 1, 1);
        }

        assert_eq!(charge(&table, 2, 1).remaining, 2);
    }

    #[test]
    fn zero_per_minute_is_no_quota() {
        let table = ClientTable::<u8>::new(ClientLimits { per_minute: 0, ..LIMITS });

        assert_eq!(table.get(&1).charge(BURST), None);
    }

    #[test]
    fn client_cannot_exceed_its_limit_of_requests_in_progress() {
        let table = ClientTable::<u8>::new(LIMITS);
        let (client, other) = (table.get(&1), table.get(&2));
        let permits = [(); 2].map(|()| client.try_acquire());

        let (refused, of_other) = (client.try_acquire().is_none(), other.try_acquire().is_some());
        drop(permits);

        assert!(refused && of_other && client.try_acquire().is_some());
    }
}
