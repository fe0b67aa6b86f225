//! The two forms of v3.

/// The two forms of v3: the one in which the old service last answered, and the one that its Python client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// As the old service last answered, at `/v3`.
    Live,
    /// As `anilibria.py` reads it, at `/v3.0` and its patches.
    Python,
}

impl Dialect {
    /// The one that is spoken at `path`.
    pub fn of(path: &str) -> Self {
        if path.starts_with("/v3.") { Self::Python } else { Self::Live }
    }
}
