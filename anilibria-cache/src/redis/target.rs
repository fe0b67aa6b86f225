//! Where the servers are, and how to connect to them.

use std::{fmt, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, TlsMode,
    aio::MultiplexedConnection,
    cluster::ClusterClient,
    io::tcp::TcpSettings,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};

use super::{
    builder::{Options, RedisConfigError},
    connection::Connection,
};

/// Where the servers are and how to log in.
pub(super) struct Target {
    kind: Kind,
    /// Each with user, password, database and encryption; the Sentinels, where there are some.
    nodes: Vec<ConnectionInfo>,
    certificates: Option<TlsCertificates>,
    config: AsyncConnectionConfig,
    options: Options,
}

enum Kind {
    Single,
    Sentinel { service: String },
    Cluster,
}

impl Target {
    pub(super) fn new(url: &str, options: &Options) -> Result<Self, RedisConfigError> {
        let url = Url::parse(url)?;
        let nodes = url.hosts.iter().map(|host| url.node(host)).collect::<Result<Vec<_>, _>>()?;
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(options.response_timeout))
            .set_connection_timeout(Some(options.connect_timeout))
            .set_concurrency_limit(options.max_in_flight);
        let root_cert = options.ca_certificates.clone();
        let certificates = root_cert.map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem) });
        if url.tls {
            choose_crypto();
        }
        let target = Self { kind: url.kind, nodes, certificates, config, options: options.clone() };
        target.check()?;
        Ok(target)
    }

    /// Says now what would otherwise fail at each try to connect.
    fn check(&self) -> Result<(), RedisConfigError> {
        let checked = match (&self.kind, self.nodes.first()) {
            (Kind::Single, Some(node)) => self.client(node.clone()).map(drop),
            (Kind::Sentinel { service }, Some(node)) => self.sentinel(service, node).map(drop),
            (Kind::Cluster, _) => self.cluster().map(drop),
            (_, None) => return Err(RedisConfigError::new("url", "no host in it")),
        };
        // Of the library's errors only the category is told: what it says beyond that may quote the URL.
        checked.map_err(|error| RedisConfigError::new("url", error.category()))
    }

    /// Whether all keys are in one server.
    pub(super) fn is_single(&self) -> bool {
        !matches!(self.kind, Kind::Cluster)
    }

    /// How long connecting may take at most: each node may have to be asked before one answers.
    pub(super) fn patience(&self) -> Duration {
        let nodes = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        match self.kind {
            Kind::Single => self.options.connect_timeout,
            Kind::Sentinel { .. } | Kind::Cluster => {
                self.options.connect_timeout.saturating_mul(nodes.saturating_add(1))
            }
        }
    }

    /// A connection for commands.
    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        match &self.kind {
            Kind::Cluster => Ok(Connection::Cluster(self.cluster()?.get_async_connection().await?)),
            Kind::Single | Kind::Sentinel { .. } => {
                let client = self.master().await?;
                let connection = client.get_multiplexed_async_connection_with_config(&self.config).await?;
                Ok(Connection::Single(connection))
            }
        }
    }

    /// A connection to the server that has `key`, which sends what comes in unasked to `push`.
    pub(super) async fn connect_to_owner(
        &self,
        key: &str,
        push: impl redis::aio::AsyncPushSender + Clone,
    ) -> RedisResult<MultiplexedConnection> {
        /// So many nodes of a cluster may send on to another before it is called confused.
        const HOPS: usize = 4;

        let config = self.config.clone().set_push_sender(push);
        let mut last = RedisError::from((redis::ErrorKind::Client, "no node answered"));
        for first in self.first_nodes().await? {
            let mut node = first;
            for _ in 0..HOPS {
                let client = self.client(with_pushes(&node))?;
                let mut connection = match client.get_multiplexed_async_connection_with_config(&config).await
                {
                    Ok(connection) => connection,
                    Err(error) => {
                        last = error;
                        break;
                    }
                };
                match redis::cmd("EXISTS").arg(key).query_async::<()>(&mut connection).await {
                    Ok(()) => return Ok(connection),
                    Err(error) => {
                        let owner = error.redirect_node().and_then(|(address, _)| moved(&node, address));
                        last = error;
                        let Some(owner) = owner else { break };
                        node = owner;
                    }
                }
            }
        }
        Err(last)
    }

    /// Whom to ask first: the master, or any node of a cluster.
    async fn first_nodes(&self) -> RedisResult<Vec<ConnectionInfo>> {
        match self.kind {
            Kind::Cluster => Ok(self.nodes.clone()),
            Kind::Single | Kind::Sentinel { .. } => {
                Ok(vec![self.master().await?.get_connection_info().clone()])
            }
        }
    }

    /// The one server that takes writes.
    async fn master(&self) -> RedisResult<Client> {
        let node = self.nodes.first().ok_or((redis::ErrorKind::InvalidClientConfig, "no host"))?;
        match &self.kind {
            Kind::Sentinel { service } => self.sentinel(service, node)?.async_get_client().await,
            Kind::Single | Kind::Cluster => self.client(node.clone()),
        }
    }

    fn client(&self, node: ConnectionInfo) -> RedisResult<Client> {
        match (&self.certificates, node.addr()) {
            (Some(certificates), ConnectionAddr::TcpTls { .. }) => {
                Client::build_with_tls(node, certificates.clone())
            }
            _ => Client::open(node),
        }
    }

    fn sentinel(&self, service: &str, node: &ConnectionInfo) -> RedisResult<SentinelClient> {
        let addresses = self.nodes.iter().map(|node| node.addr().clone());
        let login = node.redis_settings();
        let mut builder = SentinelClientBuilder::new(addresses, service, SentinelServerType::Master)?
            .set_client_to_redis_tcp_settings(tcp())
            .set_client_to_redis_db(login.db());
        if let Some(username) = login.username() {
            builder = builder.set_client_to_redis_username(username);
        }
        if let Some(password) = login.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if matches!(node.addr(), ConnectionAddr::TcpTls { .. }) {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_tls_mode(TlsMode::Secure);
            if let Some(certificates) = &self.certificates {
                builder = builder
                    .set_client_to_redis_certificates(certificates.clone())
                    .set_client_to_sentinel_certificates(certificates.clone());
            }
        }
        builder.build()
    }

    fn cluster(&self) -> RedisResult<ClusterClient> {
        let mut builder = ClusterClient::builder(self.nodes.clone())
            .connection_timeout(self.options.connect_timeout)
            .response_timeout(self.options.response_timeout)
            .overall_response_timeout(Some(self.options.response_timeout))
            .connection_concurrency_limit(self.options.max_in_flight)
            .tcp_settings(tcp())
            .retries(1);
        if let Some(certificates) = &self.certificates {
            builder = builder.certs(certificates.clone());
        }
        builder.build()
    }
}

/// Shows the addresses, not how to log in there.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.nodes.iter().map(|node| node.addr().to_string())).finish()
    }
}

/// Commands leave at once, also while the answer to an earlier one is still out.
fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// The same node, spoken to in the protocol in which it may send messages between answers.
fn with_pushes(node: &ConnectionInfo) -> ConnectionInfo {
    let settings: RedisConnectionInfo = node.redis_settings().clone();
    node.clone().set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
}

/// The node at `address`, to be spoken to like `node`.
fn moved(node: &ConnectionInfo, address: &str) -> Option<ConnectionInfo> {
    let (host, port) = address.rsplit_once(':')?;
    let (host, port) = (host.to_owned(), port.parse().ok()?);
    let mut addr = node.addr().clone();
    match &mut addr {
        ConnectionAddr::Tcp(old_host, old_port)
        | ConnectionAddr::TcpTls { host: old_host, port: old_port, .. } => {
            // A node that does not know its own name means the one it was asked by.
            if !host.is_empty() {
                *old_host = host;
            }
            *old_port = port;
        }
        _ => return None,
    }
    Some(node.clone().set_addr(addr))
}

/// The library panics when it has to choose between two implementations that other crates brought in.
fn choose_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails when someone else was faster, which is just as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

/// The parts of a URL that may name several hosts.
struct Url<'a> {
    kind: Kind,
    tls: bool,
    login: &'a str,
    hosts: Vec<&'a str>,
    database: &'a str,
}

impl<'a> Url<'a> {
    fn parse(url: &'a str) -> Result<Self, RedisConfigError> {
        let invalid = |reason: &str| RedisConfigError::new("url", reason);
        let (scheme, rest) = url.split_once("://").ok_or_else(|| invalid("no scheme in it"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let hosts: Vec<&str> = hosts.split(',').collect();
        let (transport, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match transport {
            "redis" => false,
            "rediss" => true,
            _ => return Err(invalid("the scheme is neither `redis` nor `rediss`")),
        };
        let (kind, database) = match kind {
            "" if hosts.len() > 1 => return Err(invalid("several hosts need `+sentinel` or `+cluster`")),
            "" => (Kind::Single, path),
            "cluster" => (Kind::Cluster, path),
            "sentinel" => {
                let (service, database) = path.split_once('/').unwrap_or((path, ""));
                if service.is_empty() {
                    return Err(invalid("no service after the Sentinels"));
                }
                (Kind::Sentinel { service: service.to_owned() }, database)
            }
            _ => return Err(invalid("only `+sentinel` and `+cluster` may follow the scheme")),
        };
        if hosts.contains(&"") {
            return Err(invalid("a host is empty"));
        }
        Ok(Self { kind, tls, login, hosts, database })
    }

    /// What the library makes of one of the hosts.
    fn node(&self, host: &str) -> Result<ConnectionInfo, RedisConfigError> {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let at = if self.login.is_empty() { "" } else { "@" };
        let url = format!("{scheme}://{}{at}{host}/{}", self.login, self.database);
        let node = url.as_str().into_connection_info();
        let node = node.map_err(|error| RedisConfigError::new("url", error.category()))?;
        let node = node.set_tcp_settings(tcp());
        // The library's default is the port of the servers, and these are not.
        let is_default = !host.rsplit(']').next().unwrap_or(host).contains(':');
        Ok(match (&self.kind, node.addr()) {
            (Kind::Sentinel { .. }, ConnectionAddr::Tcp(..) | ConnectionAddr::TcpTls { .. })
                if is_default =>
            {
                moved(&node, ":26379").unwrap_or(node)
            }
            _ => node,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Redis;

    fn shown(url: &str) -> String {
        format!("{:?}", Redis::builder(url).build().unwrap())
    }

    #[test]
    fn each_form_of_url_leads_to_its_hosts() {
        let cases = [
            ("redis://one", r#"["one:6379"]"#),
            ("redis://:pass@one:7000/3", r#"["one:7000"]"#),
            ("rediss://user:pass@one", r#"["one:6379"]"#),
            ("redis+sentinel://:pass@one,two:1/main/2", r#"["one:26379", "two:1"]"#),
            ("redis+cluster://one:1,two:2", r#"["one:1", "two:2"]"#),
        ];

        for (url, hosts) in cases {
            assert!(shown(url).contains(hosts), "{url} became {}", shown(url));
        }
    }

    #[test]
    fn a_malformed_url_is_refused_without_being_quoted() {
        let urls = [
            "one:secret",
            "http://:secret@one",
            "redis://:secret@one,two",
            "redis+sentinel://:secret@one",
            "redis+cluster://:secret@one,",
            "redis+mesh://:secret@one",
            "redis://:secret@one/not-a-number",
            "redis://:secret@one:port",
            "redis://",
        ];

        for url in urls {
            let error = Redis::builder(url).build().expect_err(url);

            assert_eq!(error.field(), "url");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = "redis+sentinel://user:secret@one,two/main";

        assert!(!shown(url).contains("secret"));
        assert!(!format!("{:?}", Redis::builder(url)).contains("secret"));
    }
}
