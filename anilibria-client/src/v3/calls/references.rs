//! What titles can be, and who makes them.

use crate::v3::{Client, GenreOrder, model::Team};

endpoint! {
    /// The years in which titles were first shown, in order.
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
    /// The genres by name.
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
        /// In which order. Default: by name.
        sorting_type: GenreOrder => "sorting_type",
    }
}

endpoint! {
    /// Nicknames of everyone who works on titles.
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
