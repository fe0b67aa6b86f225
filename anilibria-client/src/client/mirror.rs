//! The mirrors of the service, and which of them to ask first.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use url::Url;

use super::breaker::{Breaker, BreakerPolicy, BreakerState};

/// The roots of the service. The one that answered last is asked first.
pub(super) struct Mirrors {
    all: Vec<Mirror>,
    preferred: AtomicUsize,
}

/// One root of the service.
pub(super) struct Mirror {
    /// The root without a slash at its end: a doubled slash is another path to the service.
    root: String,
    /// Host and port, for errors and logs.
    pub(super) name: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) breaker: Breaker,
}

/// How a mirror is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MirrorHealth {
    /// Its host and port.
    pub name: String,
    /// Whether calls go to it.
    pub state: BreakerState,
    /// Whether it is the one that is asked first.
    pub is_preferred: bool,
}

impl Mirrors {
    pub(super) fn new(roots: &[Url], policy: BreakerPolicy) -> Self {
        let all = roots.iter().map(|root| Mirror::new(root, policy)).collect();
        Self { all, preferred: AtomicUsize::new(0) }
    }

    pub(super) fn health(&self) -> Vec<MirrorHealth> {
        let preferred = self.preferred.load(Ordering::Relaxed);
        let health = |(index, mirror): (usize, &Mirror)| MirrorHealth {
            name: mirror.name.clone(),
            state: mirror.breaker.state(),
            is_preferred: index == preferred,
        };
        self.all.iter().enumerate().map(health).collect()
    }

    /// Every mirror with its index, beginning with the preferred one and going round.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = (usize, &Mirror)> {
        let first = self.preferred.load(Ordering::Relaxed);
        self.all.iter().enumerate().cycle().skip(first).take(self.all.len())
    }

    /// Remembers that this mirror works.
    pub(super) fn prefer(&self, index: usize) {
        self.preferred.store(index, Ordering::Relaxed);
    }
}

impl Mirror {
    fn new(root: &Url, policy: BreakerPolicy) -> Self {
        let host = root.host_str().unwrap_or_default().to_owned();
        let name = root.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let port = root.port_or_known_default().unwrap_or_default();
        let root = root.as_str().trim_end_matches('/').to_owned();
        Self { root, name, host, port, breaker: Breaker::new(policy) }
    }

    /// Returns scheme, host and port, without a slash at the end.
    pub(super) fn origin(&self) -> &str {
        let host = self.root.find("://").map_or(0, |scheme| scheme + "://".len());
        let end = self.root[host..].find('/').map_or(self.root.len(), |path| host + path);
        &self.root[..end]
    }

    /// The URL of `target`, a path (and query) below the root that begins with a slash.
    pub(super) fn url(&self, target: &str) -> String {
        format!("{}{target}", self.root)
    }
}

impl fmt::Debug for Mirrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|mirror| &mirror.root)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors() -> Mirrors {
        let roots =
            ["https://one.example/api/v1/", "https://two.example:8443/api/v1", "https://three.example"];
        Mirrors::new(&roots.map(|root| Url::parse(root).unwrap()), BreakerPolicy::default())
    }

    #[test]
    fn order_goes_round_from_the_one_that_worked() {
        let mirrors = mirrors();

        mirrors.prefer(1);

        let names: Vec<_> = mirrors.in_turn().map(|(_, mirror)| mirror.name.as_str()).collect();
        assert_eq!(names, ["two.example:8443", "three.example", "one.example"]);
    }

    #[test]
    fn root_and_path_are_joined_by_exactly_one_slash() {
        let urls: Vec<_> = mirrors().in_turn().map(|(_, mirror)| mirror.url("/app/status")).collect();

        assert_eq!(urls[0], "https://one.example/api/v1/app/status");
        assert_eq!(urls[2], "https://three.example/app/status");
    }

    #[test]
    fn origin_has_no_path() {
        let mirrors = mirrors();

        let origins: Vec<_> = mirrors.in_turn().map(|(_, mirror)| mirror.origin()).collect();

        assert_eq!(origins, ["https://one.example", "https://two.example:8443", "https://three.example"]);
    }
}
