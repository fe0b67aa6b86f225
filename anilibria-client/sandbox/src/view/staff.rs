//! Rendering of teams, roles and their members.

use serde_json::{Value, json};

use super::image::image;
use crate::catalog::staff::{Person, Role, Team};

/// Renders a team.
pub(crate) fn team(team: &Team) -> Value {
    json!({"id": team.id, "title": team.title, "description": team.description, "sort_order": team.sort_order})
}

/// Renders a role. Some roles have a colour.
pub(crate) fn role(role: &Role) -> Value {
    json!({"id": role.id, "title": role.title, "color": role.color, "sort_order": role.sort_order})
}

/// Renders a person with team and roles. Some persons have an account.
pub(crate) fn person(person: &Person) -> Value {
    json!({
        "id": person.id,
        "nickname": person.nickname,
        "is_intern": person.is_intern,
        "is_vacation": person.is_vacation,
        "sort_order": person.sort_order,
        "team": team(&person.team),
        "user": person.user.as_ref().map(|user| {
            json!({
                "id": user.id,
                "nickname": person.nickname,
                "avatar": image(&format!("users/avatars/{}", user.id), &user.avatar),
            })
        }),
        "roles": person.roles.iter().map(role).collect::<Value>(),
    })
}
