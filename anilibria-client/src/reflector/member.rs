//! Team members of the local catalog.

use serde::{Deserialize, Serialize};

use crate::model::{Member, MemberRole};

/// A person who worked on a release of the local catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MemberEntry {
    /// Name of the person in the team.
    pub nickname: Box<str>,
    /// Role of the person; `None` if the service does not send it.
    pub role: Option<MemberRole>,
}

impl From<&Member> for MemberEntry {
    fn from(member: &Member) -> Self {
        Self { nickname: member.nickname.as_str().into(), role: member.role.clone() }
    }
}
