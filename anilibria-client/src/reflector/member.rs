//! Members as the mirrored catalogue keeps them.

use serde::{Deserialize, Serialize};

use crate::model::{Member, MemberRole};

/// Who worked on a release of the mirrored catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MemberEntry {
    /// The person's name in the team.
    pub nickname: Box<str>,
    /// What the person did; `None` when the service does not say.
    pub role: Option<MemberRole>,
}

impl From<&Member> for MemberEntry {
    fn from(member: &Member) -> Self {
        Self { nickname: member.nickname.as_str().into(), role: member.role.clone() }
    }
}
