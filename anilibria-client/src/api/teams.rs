//! Teams, roles and members of AniLibria.

use crate::{
    call::{Call, Projected},
    model::{Team, TeamRole, TeamUser},
};

group! {
    /// Teams, roles and members of AniLibria.
    Teams, teams
}

endpoint! {
    /// Returns all teams.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let teams = client.teams().list().await?;
    /// assert!(teams.iter().all(|team| !team.title.is_empty()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/teams/" => Teams::list() -> Vec<Team>;
    pub struct ListTeams: Projected {}
}

endpoint! {
    /// Returns all roles.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let roles = client.teams().roles().await?;
    /// assert!(!roles.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/teams/roles" => Teams::roles() -> Vec<TeamRole>;
    pub struct TeamRoles: Projected {}
}

endpoint! {
    /// Returns all members with their teams and roles.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let users = client.teams().users().await?;
    /// assert!(users.iter().any(|user| user.team.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/teams/users" => Teams::users() -> Vec<TeamUser>;
    pub struct TeamUsers: Projected {}
}
