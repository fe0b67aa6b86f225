//! Sort orders of favorites.

open_enum! {
    /// Sort order of favorites.
    pub enum FavoriteSorting {
        /// By the time of addition, newest first.
        CreatedAtDesc = "CREATED_AT_DESC",
        /// By the time of addition, oldest first.
        CreatedAtAsc = "CREATED_AT_ASC",
        /// By the time of the last episode, newest first.
        FreshAtDesc = "FRESH_AT_DESC",
        /// By the time of the last episode, oldest first.
        FreshAtAsc = "FRESH_AT_ASC",
        /// By rating, highest first.
        RatingDesc = "RATING_DESC",
        /// By rating, lowest first.
        RatingAsc = "RATING_ASC",
        /// By year, newest first.
        YearDesc = "YEAR_DESC",
        /// By year, oldest first.
        YearAsc = "YEAR_ASC",
    }
}
