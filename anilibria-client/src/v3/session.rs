//! Sessions of users.

use crate::{Secret, request::Param};

/// The session of a user, created by [`Client::login`](super::Client::login). `Debug` does not print it.
///
/// A session may end at any time. Calls then fail with [`Error::Api`](crate::Error::Api) and the code 401.
///
/// ```
/// use anilibria_client::v3::Session;
///
/// let session = Session::from("abcdefghijklmnopqrstuvwxyz012345");
///
/// assert_eq!(format!("{session:?}"), "Session(<redacted>)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session(Secret);

impl Session {
    /// Returns the id of the session. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl From<&str> for Session {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for Session {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<&Session> for Session {
    fn from(session: &Session) -> Self {
        session.clone()
    }
}

impl From<Session> for Param {
    fn from(session: Session) -> Self {
        Self::Secret(session.0)
    }
}
