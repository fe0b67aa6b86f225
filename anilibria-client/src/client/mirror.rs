//! The mirrors of the service, and the order in which they are tried.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use url::{Host, Url};

use super::{
    breaker::{Breaker, BreakerPolicy, BreakerState, Permit},
    outage::Outage,
};
use crate::{Error, error::MirrorFailure, runtime::Instant};

/// Maximum number of mirrors that are added because the service lists them.
const MAX_LEARNED: usize = 8;

/// Minimum time between two forced attempts on one mirror, over all calls. A forced attempt is one on a mirror whose circuit
/// is open, made because no other mirror is left.
pub(super) const FORCED_INTERVAL: Duration = Duration::from_millis(250);

/// The mirrors of the service. The preferred one, which answered last, is tried first.
pub(super) struct Mirrors {
    /// Mirrors are only appended, so that an index keeps its meaning.
    all: RwLock<Arc<[Arc<Mirror>]>>,
    preferred: AtomicUsize,
    policy: BreakerPolicy,
}

/// A base URL of the service.
pub(super) struct Mirror {
    /// Position in [`Mirrors::all`], which never changes.
    pub(super) index: usize,
    /// The base URL without a slash at its end, because the service treats a double slash as another path.
    base: String,
    /// Host and port, for errors and logs.
    pub(super) name: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) breaker: Breaker,
    pub(super) outage: Outage,
    /// True if the service listed the mirror and the user did not name it. Such a mirror receives no secrets.
    pub(super) is_learned: bool,
    /// The last failure, the cause of an open circuit.
    last_error: Mutex<Option<Error>>,
    /// Time of the last forced attempt or of the last failure, the later of the two.
    forced_at: Mutex<Option<Instant>>,
}

/// State of a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MirrorHealth {
    /// Host and port of the mirror.
    pub name: String,
    /// State of the circuit breaker of the mirror.
    pub state: BreakerState,
    /// True if calls try this mirror first.
    pub is_preferred: bool,
    /// True if the mirror was added because the service lists it (see [`ClientBuilder::learn_mirrors`]).
    ///
    /// [`ClientBuilder::learn_mirrors`]: crate::ClientBuilder::learn_mirrors
    pub is_learned: bool,
}

impl Mirrors {
    pub(super) fn new(bases: &[Url], policy: BreakerPolicy) -> Self {
        let mirror = |(index, base)| Arc::new(Mirror::new(index, base, policy, false));
        let all = bases.iter().enumerate().map(mirror).collect();
        Self { all: RwLock::new(all), preferred: AtomicUsize::new(0), policy }
    }

    /// Returns all mirrors in the order in which they were added.
    pub(super) fn all(&self) -> Arc<[Arc<Mirror>]> {
        Arc::clone(&self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn health(&self) -> Vec<MirrorHealth> {
        let preferred = self.preferred();
        let health = |mirror: &Arc<Mirror>| MirrorHealth {
            name: mirror.name.clone(),
            state: mirror.breaker.state(),
            is_preferred: mirror.index == preferred,
            is_learned: mirror.is_learned,
        };
        self.all().iter().map(health).collect()
    }

    /// Returns all mirrors in the order in which they are tried, beginning with the preferred one.
    pub(super) fn in_order(&self) -> Vec<Arc<Mirror>> {
        let all = self.all();
        let (before, from) = all.split_at(self.preferred().min(all.len()));
        from.iter().chain(before).cloned().collect()
    }

    /// Returns the index of the mirror that is tried first.
    pub(super) fn preferred(&self) -> usize {
        self.preferred.load(Ordering::Relaxed)
    }

    /// Makes the mirror at `index` the preferred one, because it has sent a usable response.
    pub(super) fn prefer(&self, index: usize) {
        self.preferred.store(index, Ordering::Relaxed);
    }

    /// Makes the mirror after `index` the preferred one if the failed mirror at `index` was preferred until now.
    pub(super) fn demote(&self, index: usize) {
        let next = (index + 1) % self.all().len().max(1);
        let _ = self.preferred.compare_exchange(index, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Returns the last failure of each mirror.
    pub(super) fn last_failures(&self) -> Vec<MirrorFailure> {
        let failure = |mirror: &Arc<Mirror>| {
            let error = mirror.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
            Some(MirrorFailure { mirror: mirror.name.clone(), error })
        };
        self.all().iter().filter_map(failure).collect()
    }

    /// Adds the mirrors at `endpoints`, which `source` lists. An endpoint without a path has the path of `source`.
    ///
    /// Ignores endpoints that are not URLs, that are less secure than `source`, that are addresses of the local network, and
    /// that are known already.
    pub(super) fn learn(&self, endpoints: &[String], source: &Mirror) {
        let Ok(source) = Url::parse(&source.base) else { return };
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        for endpoint in endpoints {
            let Some(base) = learned_base(endpoint, &source) else { continue };
            let mirror = Mirror::new(all.len(), &base, self.policy, true);
            let is_known = all.iter().any(|known| known.host == mirror.host && known.port == mirror.port);
            if is_known || all.iter().filter(|known| known.is_learned).count() >= MAX_LEARNED {
                continue;
            }
            *all = all.iter().cloned().chain([Arc::new(mirror)]).collect();
        }
    }
}

/// Returns the base URL of a listed endpoint, if it may be used.
fn learned_base(endpoint: &str, source: &Url) -> Option<Url> {
    let mut base = Url::parse(endpoint).ok()?;
    let is_secure = base.scheme() == "https" || base.scheme() == source.scheme();
    let has_extras = base.query().is_some() || base.fragment().is_some();
    let has_credentials = !base.username().is_empty() || base.password().is_some();
    if !is_secure || has_extras || has_credentials {
        return None;
    }
    // A service that lists an address of the local network could make the client send requests to the caller's own machines.
    let is_named =
        matches!(base.host(), Some(Host::Domain(name)) if name != "localhost" && name.contains('.'));
    if !is_named && base.host() != source.host() {
        return None;
    }
    if base.path() == "/" {
        base.set_path(source.path());
    }
    Some(base)
}

impl Mirror {
    fn new(index: usize, base: &Url, policy: BreakerPolicy, is_learned: bool) -> Self {
        let host = base.host_str().unwrap_or_default().to_owned();
        let name = base.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let port = base.port_or_known_default().unwrap_or_default();
        let base = base.as_str().trim_end_matches('/').to_owned();
        let breaker = Breaker::new(policy);
        Self {
            index,
            base,
            name,
            host,
            port,
            breaker,
            outage: Outage::default(),
            is_learned,
            last_error: Mutex::default(),
            forced_at: Mutex::default(),
        }
    }

    /// Returns scheme, host and port, without a slash at the end.
    pub(super) fn origin(&self) -> &str {
        let host = self.base.find("://").map_or(0, |scheme| scheme + "://".len());
        let end = self.base[host..].find('/').map_or(self.base.len(), |path| host + path);
        &self.base[..end]
    }

    /// Returns the URL of `target`, a path (and query) below the base URL that begins with a slash.
    pub(super) fn url(&self, target: &str) -> String {
        format!("{}{target}", self.base)
    }

    /// Adds a hint to the error of a response that does not come from the API, if the base URL does not end with `path`.
    pub(super) fn with_hint(&self, error: Error, path: Option<&str>) -> Error {
        let Some(path) = path.filter(|path| !self.base.ends_with(path)) else { return error };
        let hint = || format!("{} is not the API; should its URL end with {path}?", self.name);
        match error {
            Error::Status { status: 404, message } if message.is_empty() => {
                Error::Status { status: 404, message: hint() }
            }
            Error::Blocked { host, status, hint: None } => {
                Error::Blocked { host, status, hint: Some(hint()) }
            }
            error => error,
        }
    }

    /// True if the circuit of the mirror is open.
    pub(super) fn is_down(&self) -> bool {
        self.breaker.state() == BreakerState::Open
    }

    /// Returns a permit for a forced attempt, although the circuit is open. Returns `None` if the last forced attempt or the
    /// last failure was less than [`FORCED_INTERVAL`] ago.
    pub(super) fn forced_permit(&self) -> Option<Permit<'_>> {
        let now = Instant::now();
        let mut forced_at = self.forced_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = forced_at.is_none_or(|at| now.saturating_duration_since(at) >= FORCED_INTERVAL);
        if is_due {
            *forced_at = Some(now);
        }
        is_due.then(|| self.breaker.forced_permit())
    }

    /// Allows the next forced attempt at once, because the last one was cancelled before the mirror had time to answer.
    pub(super) fn reset_forced_interval(&self) {
        *self.forced_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Stores `error` as the cause that is reported while the circuit is open, and starts a new [`FORCED_INTERVAL`].
    pub(super) fn record_failure(&self, error: &Error) {
        *self.forced_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
    }
}

impl fmt::Debug for Mirrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().iter().map(|mirror| mirror.base.clone())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors() -> Mirrors {
        let bases =
            ["https://one.example/api/v1/", "https://two.example:8443/api/v1", "https://three.example"];
        Mirrors::new(&bases.map(|base| Url::parse(base).unwrap()), BreakerPolicy::default())
    }

    fn names(mirrors: &Mirrors) -> Vec<String> {
        mirrors.in_order().iter().map(|mirror| mirror.name.clone()).collect()
    }

    #[test]
    fn the_order_begins_with_the_mirror_that_answered() {
        let mirrors = mirrors();

        mirrors.prefer(1);

        assert_eq!(names(&mirrors), ["two.example:8443", "three.example", "one.example"]);
    }

    #[test]
    fn a_preferred_mirror_that_fails_gives_way_to_the_next() {
        let mirrors = mirrors();

        mirrors.demote(1);
        assert_eq!(mirrors.preferred(), 0);
        mirrors.demote(0);
        assert_eq!(mirrors.preferred(), 1);
        mirrors.prefer(2);
        mirrors.demote(2);

        assert_eq!(mirrors.preferred(), 0);
    }

    #[test]
    fn base_url_and_path_are_joined_by_exactly_one_slash() {
        let urls: Vec<_> = mirrors().all().iter().map(|mirror| mirror.url("/app/status")).collect();

        assert_eq!(urls[0], "https://one.example/api/v1/app/status");
        assert_eq!(urls[2], "https://three.example/app/status");
    }

    #[test]
    fn origin_has_no_path() {
        let mirrors = mirrors().all();

        let origins: Vec<_> = mirrors.iter().map(|mirror| mirror.origin()).collect();

        assert_eq!(origins, ["https://one.example", "https://two.example:8443", "https://three.example"]);
    }

    #[test]
    fn listed_endpoints_become_mirrors_with_the_path_of_their_source() {
        let mirrors = mirrors();
        let endpoints = [
            "https://four.example",
            "https://five.example/other/v1",
            "https://one.example",
            "http://insecure.example",
            "https://user:pw@credentials.example",
            "https://127.0.0.1",
            "https://192.168.0.1",
            "https://[::1]",
            "https://localhost",
            "https://router",
            "ftp://six.example",
            "four.example",
            "",
        ];

        mirrors.learn(&endpoints.map(str::to_owned), &mirrors.all()[0]);

        let urls: Vec<_> = mirrors.all().iter().skip(3).map(|mirror| mirror.url("/x")).collect();
        assert_eq!(urls, ["https://four.example/api/v1/x", "https://five.example/other/v1/x"]);
    }

    #[test]
    fn the_number_of_listed_endpoints_is_bounded() {
        let mirrors = mirrors();
        let endpoints: Vec<_> = (0..1000).map(|number| format!("https://m{number}.example")).collect();

        mirrors.learn(&endpoints, &mirrors.all()[0]);

        assert_eq!(mirrors.all().len(), 3 + MAX_LEARNED);
    }
}
