//! Users of the site.

/// A user of the site. It is an extension of a request with a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// Id that the site gave the user.
    pub id: u64,
}
