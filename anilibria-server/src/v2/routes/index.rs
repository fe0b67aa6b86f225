//! The route `/`: the index of the service.

use anilibria_http::problem::Problem;
use poem_openapi::{OpenApi, payload::Json};

use super::Tag;
use crate::v2::{pages::Features, responses::index::Index};

/// Route `/`.
#[derive(Clone, Copy)]
pub struct IndexApi {
    pub(super) features: Features,
}

#[OpenApi(tag = "Tag::Service")]
impl IndexApi {
    /// Get the index
    ///
    /// Returns the name and version of the service, and its paths. Requests that prefer `text/html`, such as those of browsers,
    /// receive the front page.
    #[oai(path = "/", method = "get", operation_id = "getIndex")]
    #[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
    async fn index(&self) -> Result<Json<Index>, Problem> {
        Ok(Json(Index::new(self.features)))
    }
}
