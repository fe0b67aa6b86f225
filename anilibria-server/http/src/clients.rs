//! Clients of the service: identification, and a quota and limits for each.

mod quota_headers;
mod state;

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use poem::{
    Request,
    http::{HeaderMap, Method},
};
use tokio::sync::SemaphorePermit;

pub use self::state::QuotaState;
use self::{
    quota_headers::QuotaHeaders,
    state::{ClientLimits, ClientState, ClientTable, QuotaKind},
};
use super::proxies::TrustedProxies;
use crate::{User, metrics::Limit, problem::Problem};

/// `Retry-After` for a client with too many requests in progress.
const RETRY_AFTER_IN_PROGRESS: Duration = Duration::from_secs(1);

/// Path of the login of the old site. Logins have a separate quota.
const LOGIN: &str = "/public/login.php";

/// Identifies clients and tracks the quota of each.
///
/// A client is a service with an internal token, a signed-in user, or an address: an IPv4 address, or the /64 network of an
/// IPv6 address. Services and addresses in [`ClientOptions::trusted_clients`] have a separate quota and no other limits.
pub struct Clients {
    proxies: TrustedProxies,
    trusted: Vec<IpNet>,
    identify_service: Option<IdentifyService>,
    addresses: ClientTable<IpAddr>,
    users: ClientTable<User>,
    trusted_callers: ClientTable<TrustedCaller>,
    logins: ClientTable<IpAddr>,
    headers: ResponseHeaders,
}

/// Response headers of each kind of quota.
struct ResponseHeaders {
    address: QuotaHeaders,
    user: QuotaHeaders,
    trusted: QuotaHeaders,
    login: QuotaHeaders,
}

/// A function that returns the name of the service whose valid token is in the headers of a request.
pub type IdentifyService = Arc<dyn Fn(&HeaderMap) -> Option<String> + Send + Sync>;

/// Limits of clients. A quota of 0 requests per minute disables that quota.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Sustained requests per minute of one address.
    pub per_minute: u32,
    /// Burst of one address or user: maximum number of requests at once after an idle period.
    pub burst: NonZeroU32,
    /// Sustained requests per minute of one signed-in user.
    pub user_per_minute: u32,
    /// Sustained requests per minute of one trusted client.
    pub service_per_minute: u32,
    /// Burst of one trusted client: maximum number of requests at once after an idle period.
    pub service_burst: NonZeroU32,
    /// Sustained logins per minute of one address.
    pub login_per_minute: u32,
    /// Burst of logins of one address: maximum number at once after an idle period.
    pub login_burst: NonZeroU32,
    /// Maximum number of requests in progress of one client.
    pub max_in_progress: usize,
    /// Networks of proxies whose `X-Forwarded-For` and `X-Real-IP` are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks of trusted clients: those that are part of the site.
    pub trusted_clients: Vec<IpNet>,
}

/// A client that is part of the site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum TrustedCaller {
    /// A service, identified by the name in its token.
    Service(String),
    /// An address in a trusted network.
    Address(IpAddr),
}

/// The sender of a request.
#[derive(Clone)]
pub struct Client {
    /// Address of the client; `None` if the request did not come over the network.
    address: Option<IpAddr>,
    state: Option<Arc<ClientState>>,
    is_trusted: bool,
    is_service: bool,
}

impl Clients {
    /// Creates the quotas of `options`. Without `identify_service`, no request is from a service.
    pub fn new(options: ClientOptions, identify_service: Option<IdentifyService>) -> Self {
        let untrusted = |kind, per_minute| ClientLimits {
            kind,
            per_minute,
            burst: options.burst,
            max_in_progress: options.max_in_progress,
        };
        let of_addresses = untrusted(QuotaKind::Address, options.per_minute);
        let of_users = untrusted(QuotaKind::User, options.user_per_minute);
        let of_trusted = ClientLimits {
            kind: QuotaKind::Trusted,
            per_minute: options.service_per_minute,
            burst: options.service_burst,
            max_in_progress: usize::MAX,
        };
        let of_logins = ClientLimits {
            kind: QuotaKind::Login,
            per_minute: options.login_per_minute,
            burst: options.login_burst,
            max_in_progress: usize::MAX,
        };
        Self {
            proxies: TrustedProxies::new(options.trusted_proxies),
            trusted: options.trusted_clients,
            identify_service,
            addresses: ClientTable::new(of_addresses),
            users: ClientTable::new(of_users),
            trusted_callers: ClientTable::new(of_trusted),
            logins: ClientTable::new(of_logins),
            headers: ResponseHeaders {
                address: QuotaHeaders::new(of_addresses),
                user: QuotaHeaders::new(of_users),
                trusted: QuotaHeaders::new(of_trusted),
                login: QuotaHeaders::new(of_logins),
            },
        }
    }

    /// Returns the client that sent `request`.
    pub fn identify(&self, request: &Request) -> Client {
        let address = self.proxies.client_of(request);
        if let Some(user) = request.extensions().get::<User>() {
            let state = Some(self.users.get(user));
            return Client { address, state, is_trusted: false, is_service: false };
        }
        let service =
            self.identify_service.as_ref().and_then(|identify_service| identify_service(request.headers()));
        let is_service = service.is_some();
        let of_network = || Some(TrustedCaller::Address(address.filter(|address| self.trusts(*address))?));
        if let Some(caller) = service.map(TrustedCaller::Service).or_else(of_network) {
            let state = Some(self.trusted_callers.get(&caller));
            return Client { address, state, is_trusted: true, is_service };
        }
        let state = address.map(|address| self.addresses.get(&network(address)));
        Client { address, state, is_trusted: false, is_service }
    }

    /// Returns the origin to which the client sent `request`; `None` if the request has no valid host.
    pub fn origin_of(&self, request: &Request) -> Option<String> {
        self.proxies.origin_of(request)
    }

    /// Charges `request` to the quota of `client`. Returns `None` if the request does not count, or if there is no quota.
    ///
    /// Preflight requests do not count. If `is_routed`, neither do probes, metrics, WebSocket handshakes, and requests of
    /// services to `/internal`.
    pub fn charge_request(&self, request: &Request, client: &Client, is_routed: bool) -> Option<QuotaState> {
        let path = request.uri().path();
        // Browsers send preflight requests on their own, so clients cannot avoid them.
        if request.method() == Method::OPTIONS || is_routed && is_exempt(path, client) {
            return None;
        }
        if request.method() == Method::POST
            && path == LOGIN
            && let Some(address) = client.address
            && let Some(quota) = self.logins.get(&network(address)).charge(NonZeroU32::MIN)
            && quota.wait.is_some()
        {
            Limit::Login.hit();
            return Some(quota);
        }
        let quota = client.state.as_ref()?.charge(NonZeroU32::MIN)?;
        if quota.wait.is_some() {
            Limit::Rate.hit();
        }
        Some(quota)
    }

    /// Writes the quota of a client into the `headers` of its response.
    pub fn write_headers(&self, quota: &QuotaState, headers: &mut HeaderMap) {
        let of_kind = match quota.kind {
            QuotaKind::Address => &self.headers.address,
            QuotaKind::User => &self.headers.user,
            QuotaKind::Trusted => &self.headers.trusted,
            QuotaKind::Login => &self.headers.login,
        };
        of_kind.write(quota, headers);
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

impl Client {
    /// Returns the client of a request that did not come over the network.
    pub fn local() -> Self {
        Self { address: None, state: None, is_trusted: false, is_service: false }
    }

    /// Returns the address; `None` if the request did not come over the network.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Returns the network by which live connections are counted; `None` for a trusted client.
    pub fn counted_network(&self) -> Option<IpAddr> {
        self.address.filter(|_| !self.is_trusted).map(network)
    }

    /// Takes a permit for one more request, which is in progress until the permit is dropped; `None` for a client without a
    /// limit.
    ///
    /// # Errors
    ///
    /// [`Problem::RateLimited`] if the client has too many requests in progress.
    pub fn try_acquire(&self) -> Result<Option<SemaphorePermit<'_>>, Problem> {
        let Some(state) = &self.state else { return Ok(None) };
        state.try_acquire().map(Some).ok_or_else(|| {
            Limit::ClientRequests.hit();
            Problem::RateLimited { retry_after: RETRY_AFTER_IN_PROGRESS }
        })
    }

    /// Charges `units` further requests to the quota, for work that costs more than a usual request. Call this before the work
    /// begins.
    ///
    /// # Errors
    ///
    /// The time until the quota suffices, if it does not suffice now. Nothing is charged then.
    pub fn charge(&self, units: u32) -> Result<(), Duration> {
        let (Some(state), Some(units)) = (&self.state, NonZeroU32::new(units)) else { return Ok(()) };
        match state.charge(units).and_then(|quota| quota.wait) {
            Some(wait) => {
                Limit::Rate.hit();
                Err(wait)
            }
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("address", &self.address)
            .field("is_trusted", &self.is_trusted)
            .finish_non_exhaustive()
    }
}

impl QuotaState {
    /// Checks that the request did not exceed the quota.
    ///
    /// # Errors
    ///
    /// [`Problem::RateLimited`], with the time to wait.
    pub fn check(&self) -> Result<(), Problem> {
        self.wait.map_or(Ok(()), |retry_after| Err(Problem::RateLimited { retry_after }))
    }
}

/// True if a request to `path` does not count: probes, metrics, WebSocket handshakes, and `/internal` for services.
fn is_exempt(path: &str, client: &Client) -> bool {
    let path = path.strip_prefix(crate::BASE).unwrap_or(path);
    let within =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ["/health", "/ready", "/live", "/metrics", "/ws"].into_iter().any(within)
        || client.is_service && within("/internal")
}

/// Returns the part of an address that identifies a client: an IPv4 address, or the first 64 bits of an IPv6 address.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_clients_are_identified_by_network() {
        let of = |address: &str| network(address.parse().unwrap()).to_string();

        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn probes_and_internal_calls_with_a_token_are_exempt() {
        let untrusted = Client::local();
        let service = Client { is_service: true, is_trusted: true, ..untrusted.clone() };
        for path in ["/health", "/health/ready", "/api/anilibria/v2/live", "/metrics", "/ws"] {
            assert!(is_exempt(path, &untrusted), "{path}");
        }
        for path in ["/titles", "/healthy", "/api/anilibria/v2/titles/1", "/", "/internal/cache"] {
            assert!(!is_exempt(path, &untrusted), "{path}");
        }
        assert!(is_exempt("/internal/cache", &service));
    }
}
