//! What proves who has logged in.

use crate::{Secret, request::Param};

/// What proves who has logged in: made by [`Client::login`](super::Client::login), and never printed.
///
/// It may end at any time, after which calls fail with [`Error::Api`](crate::Error::Api) and the code 401.
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
    /// The id of the session. Whoever calls this answers for where it goes.
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
