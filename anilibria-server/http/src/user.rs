//! Users of the site.

/// A user of the site. A request with a valid access token has it among its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// Id that the site gave the user.
    pub id: u64,
}
