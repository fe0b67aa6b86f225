//! Address and origin of a request, as trusted proxies report them.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use poem::{
    Addr, Request,
    http::{HeaderMap, HeaderName, header, uri::Authority},
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Networks of proxies whose headers are trusted: `X-Forwarded-For`, `X-Real-IP`, `X-Forwarded-Host` and `X-Forwarded-Proto`.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    trusted: Vec<IpNet>,
}

impl TrustedProxies {
    /// Trusts every address of these networks.
    pub fn new(trusted: Vec<IpNet>) -> Self {
        Self { trusted }
    }

    /// Returns the address of the client that sent `request`; `None` if it did not come over the network.
    ///
    /// The client is the peer, unless the peer is a trusted proxy. Then the client is the address that the proxy reports,
    /// and the same rule applies to that address. Entries that an untrusted hop wrote do not count: they may be forged.
    pub fn client_of(&self, request: &Request) -> Option<IpAddr> {
        let Addr::SocketAddr(peer) = &request.remote_addr().0 else { return None };
        let peer = peer.ip().to_canonical();
        Some(if self.trusts(peer) { self.forwarded(request.headers()).unwrap_or(peer) } else { peer })
    }

    /// Returns the origin to which the client sent `request`, such as `https://anime.example`; `None` if the request has no
    /// valid host.
    ///
    /// The scheme and the host are those that a trusted proxy reports. Without a proxy, the scheme is `http`.
    pub fn origin_of(&self, request: &Request) -> Option<String> {
        let is_proxied = matches!(&request.remote_addr().0, Addr::SocketAddr(peer) if self.trusts(peer.ip().to_canonical()));
        let reported = |name| last_value(request.headers(), name).filter(|_| is_proxied);
        let host = reported(FORWARDED_HOST).or_else(|| last_value(request.headers(), header::HOST))?;
        let host: Authority = host.parse().ok().filter(|host: &Authority| !host.as_str().contains('@'))?;
        let is_secure = reported(FORWARDED_PROTO).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        Some(format!("{}://{host}", if is_secure { "https" } else { "http" }))
    }

    fn forwarded(&self, headers: &HeaderMap) -> Option<IpAddr> {
        if !headers.contains_key(FORWARDED_FOR) {
            return parse_address(headers.get(REAL_IP)?.to_str().ok()?);
        }
        let mut furthest = None;
        for list in headers.get_all(FORWARDED_FOR).iter().rev() {
            for hop in list.to_str().ok()?.rsplit(',') {
                let hop = parse_address(hop)?;
                if !self.trusts(hop) {
                    return Some(hop);
                }
                furthest = Some(hop);
            }
        }
        furthest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// Returns the last value of the list in the header `name`: the value that the nearest proxy wrote.
fn last_value(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// Parses an address with or without a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    text.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use poem::{
        Body, RequestParts,
        http::{HeaderValue, uri::Scheme},
        web::{LocalAddr, RemoteAddr},
    };

    use super::*;

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(["172.20.0.0/16", "10.0.0.1/32"].map(|network| network.parse().unwrap()).into())
    }

    fn forwarded(headers: &[(&'static str, &'static str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        proxies().forwarded(&map).map(|address| address.to_string())
    }

    #[test]
    fn last_untrusted_hop_is_the_client() {
        let lists = [
            "203.0.113.9",
            "1.1.1.1, 203.0.113.9",
            "203.0.113.9, 172.20.0.5",
            "6.6.6.6,203.0.113.9:4711,10.0.0.1",
            "::ffff:203.0.113.9",
        ];

        for list in lists {
            assert_eq!(forwarded(&[("x-forwarded-for", list)]).as_deref(), Some("203.0.113.9"), "{list}");
        }
    }

    #[test]
    fn repeated_header_is_one_list() {
        let headers = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.9, 10.0.0.1")];

        assert_eq!(forwarded(&headers).as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn real_ip_header_is_used_without_a_list() {
        assert_eq!(forwarded(&[("x-real-ip", "203.0.113.9")]).as_deref(), Some("203.0.113.9"));
        assert_eq!(
            forwarded(&[("x-real-ip", "6.6.6.6"), ("x-forwarded-for", "203.0.113.9")]).as_deref(),
            Some("203.0.113.9")
        );
    }

    #[test]
    fn furthest_trusted_hop_is_the_client_if_all_are_trusted() {
        assert_eq!(forwarded(&[("x-forwarded-for", "172.20.0.7, 10.0.0.1")]).as_deref(), Some("172.20.0.7"));
    }

    #[test]
    fn origin_is_the_address_that_the_client_used() {
        let origin = |peer: &str, headers: &[(&str, &str)]| {
            let (mut parts, ()) = poem::http::Request::new(()).into_parts();
            for (name, value) in headers {
                parts
                    .headers
                    .insert(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
            }
            let peer = RemoteAddr(Addr::SocketAddr(peer.parse().unwrap()));
            let parts = RequestParts::from((parts, LocalAddr::default(), peer, Scheme::HTTP));
            proxies().origin_of(&Request::from_parts(parts, Body::empty()))
        };
        let behind_proxy = [
            ("host", "10.0.0.7:8000"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "anime.example"),
        ];

        assert_eq!(origin("10.0.0.1:1", &behind_proxy).as_deref(), Some("https://anime.example"));
        assert_eq!(origin("203.0.113.9:1", &behind_proxy).as_deref(), Some("http://10.0.0.7:8000"));
        assert_eq!(origin("10.0.0.1:1", &[("host", "[::1]:80")]).as_deref(), Some("http://[::1]:80"));
        for host in ["", "a b", "user@anime.example", "anime.example/x", "\"><script>"] {
            assert_eq!(origin("203.0.113.9:1", &[("host", host)]), None, "{host}");
        }
        assert_eq!(origin("203.0.113.9:1", &[]), None);
    }

    #[test]
    fn malformed_list_is_ignored() {
        for list in ["", "unknown", "203.0.113.9, _hidden", "1.2.3"] {
            assert_eq!(forwarded(&[("x-forwarded-for", list)]), None, "{list}");
        }
    }
}
