//! The people of AniLibria.

use crate::model::{Team, TeamRole, TeamUser, wire::List};

group! {
    /// The people of AniLibria.
    Teams, teams
}

endpoint! {
    /// All teams.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let teams = client.teams().list().await?;
    /// assert!(teams.iter().all(|team| !team.title.is_empty()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/teams/" => Teams::list() -> Vec<Team> as List<Team>;
    pub struct ListTeams: Fields {}
}

endpoint! {
    /// All roles.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let roles = client.teams().roles().await?;
    /// assert!(!roles.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/teams/roles" => Teams::roles() -> Vec<TeamRole> as List<TeamRole>;
    pub struct TeamRoles: Fields {}
}

endpoint! {
    /// All people, with their teams and roles.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let users = client.teams().users().await?;
    /// assert!(users.iter().any(|user| user.team.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/teams/users" => Teams::users() -> Vec<TeamUser> as List<TeamUser>;
    pub struct TeamUsers: Fields {}
}
