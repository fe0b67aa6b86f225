//! Where the servers are, and how to connect to them.

use std::{fmt, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, ProtocolVersion,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, TlsMode,
    aio::{AsyncPushSender, MultiplexedConnection},
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};
use rustls::{
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{
    config_error::RedisConfigError,
    connection::Connection,
    options::Options,
    url::{Kind, Url, moved, tcp},
};

/// So many nodes of a cluster may send on to another before it is called confused.
const MAX_HOPS: usize = 4;

/// Where the servers are and how to log in.
pub(crate) struct Target {
    kind: Kind,
    /// Each with user, password, database and encryption; the Sentinels, where there are some.
    nodes: Vec<ConnectionInfo>,
    certificates: Option<TlsCertificates>,
    config: AsyncConnectionConfig,
    options: Options,
}

impl Target {
    pub(super) fn new(url: &str, options: &Options) -> Result<Self, RedisConfigError> {
        let url = Url::parse(url)?;
        let nodes = url.hosts.iter().map(|host| url.node(host)).collect::<Result<Vec<_>, _>>()?;
        let config = AsyncConnectionConfig::new()
            // Who waits for an answer knows for how long.
            .set_response_timeout(None)
            .set_connection_timeout(Some(options.connect_timeout))
            .set_concurrency_limit(options.max_in_flight);
        if options.ca_certificates.as_deref().is_some_and(|pem| !has_certificates(pem)) {
            return Err(RedisConfigError::new("ca_certificates", "no certificates as PEM"));
        }
        let certificates = options
            .ca_certificates
            .clone()
            .map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem) });
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
    pub(crate) fn patience(&self) -> Duration {
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

    /// A connection to `node`, or to the one that it, and whoever is next, says has `key`.
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
        Err((ErrorKind::Client, "sent from node to node").into())
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
        let node = self.nodes.first().ok_or((ErrorKind::InvalidClientConfig, "no host"))?;
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

/// The same node, spoken to in the protocol in which it may send messages between answers.
fn with_pushes(node: &ConnectionInfo) -> ConnectionInfo {
    let settings: RedisConnectionInfo = node.redis_settings().clone();
    node.clone().set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
}

fn has_certificates(pem: &[u8]) -> bool {
    let mut certificates = CertificateDer::pem_slice_iter(pem).peekable();
    certificates.peek().is_some() && certificates.all(|certificate| certificate.is_ok())
}

/// The library panics when it has to choose between two implementations that other crates brought in.
fn choose_crypto() {
    if CryptoProvider::get_default().is_none() {
        // It fails when someone else was faster, which is just as well.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use crate::redis::Redis;

    #[test]
    fn what_is_no_certificate_is_refused() {
        let error = Redis::builder("rediss://one").ca_certificates("not PEM").build().unwrap_err();

        assert_eq!(error.field(), "ca_certificates");
    }
}
