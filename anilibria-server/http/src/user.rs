//! Users of the site.

/// A signed-in user of the site. It is in the extensions of a request with a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// Id of the user on the site.
    pub id: u64,
}
