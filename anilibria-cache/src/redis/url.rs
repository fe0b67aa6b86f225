//! URLs of one or several servers.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, io::tcp::TcpSettings};

use super::config_error::RedisConfigError;

/// Topology of the servers.
pub(super) enum Kind {
    /// One server.
    Single,
    /// Sentinels, which know the address of the master of `service`.
    Sentinel { service: String },
    /// Nodes of a cluster.
    Cluster,
}

/// Parts of a URL that may contain several hosts.
pub(super) struct Url<'a> {
    pub(super) kind: Kind,
    pub(super) tls: bool,
    login: &'a str,
    pub(super) hosts: Vec<&'a str>,
    database: &'a str,
}

impl<'a> Url<'a> {
    pub(super) fn parse(url: &'a str) -> Result<Self, RedisConfigError> {
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

    /// Returns the connection settings of one of the hosts.
    pub(super) fn node(&self, host: &str) -> Result<ConnectionInfo, RedisConfigError> {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let at = if self.login.is_empty() { "" } else { "@" };
        let url = format!("{scheme}://{}{at}{host}/{}", self.login, self.database);
        let node = url.as_str().into_connection_info();
        let node = node.map_err(|error| RedisConfigError::new("url", error.category()))?;
        let node = node.set_tcp_settings(tcp());
        // The default port of the library is that of a server, not of a Sentinel.
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

/// Returns the settings of `node` with another address.
pub(super) fn moved(node: &ConnectionInfo, address: &str) -> Option<ConnectionInfo> {
    let (host, port) = address.rsplit_once(':')?;
    let (host, port) = (host.to_owned(), port.parse().ok()?);
    let mut addr = node.addr().clone();
    match &mut addr {
        ConnectionAddr::Tcp(old_host, old_port)
        | ConnectionAddr::TcpTls { host: old_host, port: old_port, .. } => {
            // An empty host means the host of the node that has answered.
            if !host.is_empty() {
                *old_host = host;
            }
            *old_port = port;
        }
        _ => return None,
    }
    Some(node.clone().set_addr(addr))
}

/// Returns TCP settings without delay: a command is sent at once, also while an earlier one is in progress.
pub(super) fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

#[cfg(test)]
mod tests {
    use crate::redis::Redis;

    fn shown(url: &str) -> String {
        format!("{:?}", Redis::builder(url).build().unwrap())
    }

    #[test]
    fn each_form_of_url_leads_to_its_hosts() {
        let cases = [
            ("redis://one", r#"["one:6379"]"#),
            ("redis://:pass@one:7000/3", r#"["one:7000"]"#),
            #[cfg(any(feature = "tls-aws-lc", feature = "tls-ring"))]
            ("rediss://user:pass@one", r#"["one:6379"]"#),
            ("redis+sentinel://:pass@one,two:1/main/2", r#"["one:26379", "two:1"]"#),
            ("redis+cluster://one:1,two:2", r#"["one:1", "two:2"]"#),
        ];

        for (url, hosts) in cases {
            assert!(shown(url).contains(hosts), "{url} became {}", shown(url));
        }
    }

    #[test]
    #[cfg(not(feature = "tls"))]
    fn encryption_without_its_feature_is_rejected() {
        let error = Redis::builder("rediss://one").build().unwrap_err();

        assert!(error.field() == "url" && error.to_string().contains("tls-ring"), "{error}");
    }

    #[test]
    fn error_of_a_malformed_url_does_not_contain_the_url() {
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
    fn password_is_not_in_debug_output() {
        let url = "redis+sentinel://user:secret@one,two/main";

        assert!(!shown(url).contains("secret"));
        assert!(!format!("{:?}", Redis::builder(url)).contains("secret"));
    }
}
