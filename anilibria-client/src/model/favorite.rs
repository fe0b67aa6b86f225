//! What favourites can be sorted by.

open_enum! {
    /// The order of favourites.
    pub enum FavoriteSorting {
        /// Last added first.
        CreatedAtDesc = "CREATED_AT_DESC",
        /// Last added last.
        CreatedAtAsc = "CREATED_AT_ASC",
        /// Last updated first.
        FreshAtDesc = "FRESH_AT_DESC",
        /// Last updated last.
        FreshAtAsc = "FRESH_AT_ASC",
        /// Highest rated first.
        RatingDesc = "RATING_DESC",
        /// Highest rated last.
        RatingAsc = "RATING_ASC",
        /// Newest year first.
        YearDesc = "YEAR_DESC",
        /// Newest year last.
        YearAsc = "YEAR_ASC",
    }
}
