//! The route `/genres`.

use anilibria_http::{envelope::One, problem::Problem, rendered::Rendered};
use poem_openapi::OpenApi;

use super::Tag;
use crate::titles::Titles;

/// Route `/genres`.
#[derive(Clone)]
pub struct GenresApi {
    pub(super) titles: Titles,
}

#[OpenApi(prefix_path = "/genres", tag = "Tag::Reference")]
impl GenresApi {
    /// List genres
    ///
    /// Returns the names of all genres in Russian alphabetical order. The parameter `genres` of `/titles` accepts them.
    #[oai(path = "/", method = "get", operation_id = "listGenres")]
    async fn genres(&self) -> Result<Rendered<One<Vec<String>>>, Problem> {
        self.titles.genres().await
    }
}
