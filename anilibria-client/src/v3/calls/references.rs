//! Reference data: years, genres and members of the team.

use super::Call;
use crate::v3::{Client, GenreOrder, model::Team};

endpoint! {
    /// Returns the years in which titles were first shown, in ascending order.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// assert!(client.years().await?.is_sorted());
    /// # Ok(())
    /// # });
    /// ```
    GET "/years" => Client::years() -> Vec<u16>;
    pub struct Years {}
}

endpoint! {
    /// Returns the names of all genres.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// use anilibria_client::v3::GenreOrder;
    ///
    /// let genres = client.genres().sorting_type(GenreOrder::Rating).await?;
    ///
    /// assert!(!genres.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/genres" => Client::genres() -> Vec<String>;
    pub struct Genres {
        /// Sets the order. Default: by name.
        sorting_type: GenreOrder => "sorting_type",
    }
}

endpoint! {
    /// Returns the nicknames of the members of the team.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// assert!(!client.team().await?.voice.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/team" => Client::team() -> Team;
    pub struct ProjectTeam {}
}
