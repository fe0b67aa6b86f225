//! Rendering of the members of a release.

use serde_json::{Value, json};

use super::image::image;
use crate::catalog::{Release, team};

/// Renders the members of a release. Some members have an account.
pub(crate) fn members(release: &Release) -> Value {
    let members = team::members(release);
    members
        .iter()
        .map(|member| {
            json!({
                "id": member.id,
                "role": member.role.json(),
                "nickname": member.nickname,
                "user": member.user.as_ref().map(|user| {
                    json!({"id": user.id, "avatar": image(&format!("users/avatars/{}", user.id), &user.avatar)})
                }),
            })
        })
        .collect()
}
