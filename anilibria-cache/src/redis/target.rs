//! Addresses of the servers, and connections to them.

use std::{convert::Infallible, fmt, sync::Arc, time::Duration};

#[cfg(feature = "tls")]
use redis::TlsCertificates;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, ProtocolVersion,
    RedisConnectionInfo, RedisError, RedisResult, TlsMode,
    aio::{AsyncPushSender, MultiplexedConnection},
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};

#[cfg(feature = "tls")]
use super::tls;
use super::{
    config_error::RedisConfigError,
    connection::Connection,
    options::Options,
    tag_cache::TagCache,
    url::{Kind, Url, moved, tcp},
};

/// Maximum number of redirections from one node of a cluster to another.
const MAX_HOPS: usize = 4;

/// Addresses and credentials of the servers.
pub(crate) struct Target {
    kind: Kind,
    /// Servers, or Sentinels, with user, password, database and encryption.
    nodes: Vec<ConnectionInfo>,
    #[cfg(feature = "tls")]
    certificates: Option<TlsCertificates>,
    config: AsyncConnectionConfig,
    options: Options,
}

impl Target {
    pub(super) fn new(url: &str, options: &Options) -> Result<Self, RedisConfigError> {
        let url = Url::parse(url)?;
        if url.tls {
            #[cfg(feature = "tls")]
            tls::install_provider()?;
            #[cfg(not(feature = "tls"))]
            return Err(RedisConfigError::new(
                "url",
                "`rediss` needs the feature `tls-aws-lc` or `tls-ring`",
            ));
        }
        let nodes = url.hosts.iter().map(|host| url.node(host)).collect::<Result<Vec<_>, _>>()?;
        let config = AsyncConnectionConfig::new()
            // The link limits the time of each reply.
            .set_response_timeout(None)
            .set_connection_timeout(Some(options.connect_timeout))
            .set_concurrency_limit(options.max_in_flight);
        let target = Self {
            kind: url.kind,
            nodes,
            #[cfg(feature = "tls")]
            certificates: options.ca_certificates.as_deref().map(tls::certificates).transpose()?,
            config,
            options: options.clone(),
        };
        target.check()?;
        Ok(target)
    }

    /// Reports an error that would otherwise occur at each attempt to connect.
    fn check(&self) -> Result<(), RedisConfigError> {
        let checked = match (&self.kind, self.nodes.first()) {
            (Kind::Single, Some(node)) => self.client(node.clone()).map(drop),
            (Kind::Sentinel { service }, Some(node)) => self.sentinel(service, node).map(drop),
            (Kind::Cluster, _) => self.cluster().map(drop),
            (_, None) => return Err(RedisConfigError::new("url", "no host in it")),
        };
        // Only the category of an error is reported: its text may contain the URL.
        checked.map_err(|error| RedisConfigError::new("url", error.category()))
    }

    /// True if all keys are on one server.
    pub(super) fn is_single(&self) -> bool {
        !matches!(self.kind, Kind::Cluster)
    }

    /// Returns the maximum time until a connection is open. Each node may have to be tried before one answers.
    pub(crate) fn connect_timeout(&self) -> Duration {
        let nodes = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        match self.kind {
            Kind::Single => self.options.connect_timeout,
            Kind::Sentinel { .. } | Kind::Cluster => {
                self.options.connect_timeout.saturating_mul(nodes.saturating_add(1))
            }
        }
    }

    /// Returns the addresses of the servers or Sentinels, without credentials.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.addr().to_string()).collect()
    }

    /// Opens a connection for commands.
    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        match &self.kind {
            Kind::Cluster => Ok(Connection::Cluster(self.cluster()?.get_async_connection().await?)),
            Kind::Single | Kind::Sentinel { .. } => {
                let client = self.master().await?;
                self.connect_to(client.get_connection_info()).await
            }
        }
    }

    /// Connects to one server, and requests reports of changed keys if the server supports them.
    async fn connect_to(&self, node: &ConnectionInfo) -> RedisResult<Connection> {
        let tags = Arc::new(TagCache::default());
        let cache = Arc::clone(&tags);
        let config = self.config.clone().set_push_sender(move |push| {
            cache.on_push(push);
            Ok::<_, Infallible>(())
        });
        let client = self.client(with_pushes(node))?;
        let connection = match client.get_multiplexed_async_connection_with_config(&config).await {
            Ok(connection) => connection,
            Err(error) if is_resp3_unsupported(&error) => {
                let client = self.client(node.clone())?;
                let connection = client.get_multiplexed_async_connection_with_config(&self.config).await?;
                return Ok(Connection::Single { connection, tags: None });
            }
            Err(error) => return Err(error),
        };
        let mut tracking = redis::pipe();
        tracking.cmd("CLIENT").arg("TRACKING").arg("ON").arg("OPTIN");
        // Users may be allowed one of the two commands only.
        tracking.cmd("CLIENT").arg("CACHING").arg("YES");
        let tags = match tracking.query_async::<()>(&mut connection.clone()).await {
            Ok(()) => Some(tags),
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => return Err(error),
            Err(error) => {
                tracing::debug!(host = %self, %error, "redis does not report changes, tags are read each time");
                None
            }
        };
        Ok(Connection::Single { connection, tags })
    }

    /// Opens a connection to the server that contains `key`. Push messages are passed to `push`.
    pub(crate) async fn connect_to_owner(
        &self,
        key: &str,
        push: impl AsyncPushSender + Clone,
    ) -> RedisResult<MultiplexedConnection> {
        let config = self.config.clone();
        let config = config.set_response_timeout(Some(self.options.response_timeout)).set_push_sender(push);
        let mut last = RedisError::from((ErrorKind::Client, "no node answered"));
        for node in self.first_nodes().await? {
            match self.follow(node, key, &config).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Opens a connection to `node`, or follows its redirections to the node that contains `key`.
    async fn follow(
        &self,
        mut node: ConnectionInfo,
        key: &str,
        config: &AsyncConnectionConfig,
    ) -> RedisResult<MultiplexedConnection> {
        for _ in 0..MAX_HOPS {
            let client = self.client(with_pushes(&node))?;
            let mut connection = client.get_multiplexed_async_connection_with_config(config).await?;
            let asked = redis::cmd("EXISTS").arg(key).query_async::<()>(&mut connection).await;
            let Err(error) = asked else { return Ok(connection) };
            let owner = error.redirect_node().and_then(|(address, _)| moved(&node, address));
            node = owner.ok_or(error)?;
        }
        Err((ErrorKind::Client, "too many redirections").into())
    }

    /// Returns the nodes to connect to first: the master, or all known nodes of a cluster.
    async fn first_nodes(&self) -> RedisResult<Vec<ConnectionInfo>> {
        match self.kind {
            Kind::Cluster => Ok(self.nodes.clone()),
            Kind::Single | Kind::Sentinel { .. } => {
                Ok(vec![self.master().await?.get_connection_info().clone()])
            }
        }
    }

    /// Returns a client of the server that accepts writes.
    async fn master(&self) -> RedisResult<Client> {
        let node = self.nodes.first().ok_or((ErrorKind::InvalidClientConfig, "no host"))?;
        match &self.kind {
            Kind::Sentinel { service } => self.sentinel(service, node)?.async_get_client().await,
            Kind::Single | Kind::Cluster => self.client(node.clone()),
        }
    }

    #[cfg_attr(
        not(feature = "tls"),
        expect(clippy::unused_self, reason = "the certificates are those of encrypted connections")
    )]
    fn client(&self, node: ConnectionInfo) -> RedisResult<Client> {
        #[cfg(feature = "tls")]
        if let (Some(certificates), ConnectionAddr::TcpTls { .. }) = (&self.certificates, node.addr()) {
            return Client::build_with_tls(node, certificates.clone());
        }
        Client::open(node)
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
            #[cfg(feature = "tls")]
            if let Some(certificates) = &self.certificates {
                builder = builder
                    .set_client_to_redis_certificates(certificates.clone())
                    .set_client_to_sentinel_certificates(certificates.clone());
            }
        }
        builder.build()
    }

    fn cluster(&self) -> RedisResult<ClusterClient> {
        let builder = ClusterClient::builder(self.nodes.clone())
            .connection_timeout(self.options.connect_timeout)
            .response_timeout(self.options.response_timeout)
            .overall_response_timeout(Some(self.options.response_timeout))
            .connection_concurrency_limit(self.options.max_in_flight)
            .tcp_settings(tcp())
            .retries(1);
        #[cfg(feature = "tls")]
        let builder = match &self.certificates {
            Some(certificates) => builder.certs(certificates.clone()),
            None => builder,
        };
        builder.build()
    }
}

/// Shows the addresses without credentials, with commas between them.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.addresses().join(","))
    }
}

/// True if a server, or a proxy before it, does not support RESP3.
fn is_resp3_unsupported(error: &RedisError) -> bool {
    error.kind() == ErrorKind::RESP3NotSupported || error.code() == Some("NOPROTO")
}

/// Returns `node` with RESP3, the protocol in which a server may send messages between replies.
fn with_pushes(node: &ConnectionInfo) -> ConnectionInfo {
    let settings: RedisConnectionInfo = node.redis_settings().clone();
    node.clone().set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
}
