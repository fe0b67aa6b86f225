//! The user of a session, and the user's favourites.

use anilibria_client::{
    Client, Error, Secret,
    model::{FavoriteSorting, ReleaseId},
    v3::model::User,
};
use anilibria_http::{
    LoadFailure,
    problem::{ErrorCode, Problem},
};
use serde_json::json;

use super::{
    address::Dialect,
    gateway::Gateway,
    paging::{DEFAULT_PAGE_SIZE, PageSize},
    parameters::Parameters,
    render_titles::{MAX_TITLES, Source, render_titles},
    rendered_response::{Page, RenderedResponse},
    sessions::SessionId,
    shape::Shape,
};

/// Problem of a session that does not exist or has ended.
const SESSION_ENDED: Problem = Problem::Unauthorized {
    message: "the session does not exist or has ended",
    code: ErrorCode::Unauthorized,
};

impl Gateway {
    /// Returns the user of the session.
    pub(super) async fn user(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let shape = Shape::read_projection(parameters)?;
        let (client, session) = self.client_of(parameters).await?;
        let profile = client.profile().get().await;
        let user = User::from(&self.session_result(&session, profile).await?);
        let mut user = serde_json::to_value(user).map_err(Problem::internal)?;
        shape.apply(&mut user);
        Self::uncached(&user)
    }

    /// Returns the favourites of the user, the earliest added first.
    pub(super) async fn favorites(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let shape = Shape::read(parameters)?;
        // anilibria.py requests only the first page, so that page has to hold everything.
        let default_size = if parameters.dialect == Dialect::Python {
            PageSize::All
        } else {
            PageSize::Of(DEFAULT_PAGE_SIZE)
        };
        let (window, _) = parameters.window(default_size)?;
        let (client, session) = self.client_of(parameters).await?;
        let (range, _) = window.of(usize::MAX);
        let wanted = u32::try_from(range.len().clamp(1, MAX_TITLES)).unwrap_or(u32::MAX);
        let list = client.favorites().releases().sorting(FavoriteSorting::CreatedAtAsc).include(["id"]);
        let found = self.session_result(&session, list.window(range.start as u64, wanted).await).await?;
        let (_, pagination) = window.of(usize::try_from(found.total).unwrap_or(usize::MAX));
        let ids: Vec<ReleaseId> = found.items.iter().map(|release| release.id).collect();
        let read = |source| {
            render_titles(&self.titles, ids.clone(), &shape, source, &self.workers, &parameters.quota)
        };
        let titles = match read(Source::Any).await {
            Err(failure) if failure.is_upstream() => read(Source::Catalog).await.map_err(|_| failure)?,
            titles => titles?,
        };
        let list = titles.into_iter().map(|(_, title)| title).collect();
        Self::uncached(&Page { list, pagination })
    }

    /// Adds a title to the favourites.
    pub(super) async fn add_favorite(
        &self,
        parameters: &Parameters<'_>,
    ) -> Result<RenderedResponse, Problem> {
        let id = parameters.required_number::<u32>("title_id")?;
        let (client, session) = self.client_of(parameters).await?;
        self.session_result(&session, client.favorites().add([id]).await).await?;
        Self::uncached(&json!({"success": true}))
    }

    /// Removes a title from the favourites.
    pub(super) async fn remove_favorite(
        &self,
        parameters: &Parameters<'_>,
    ) -> Result<RenderedResponse, Problem> {
        let id = parameters.required_number::<u32>("title_id")?;
        let (client, session) = self.client_of(parameters).await?;
        self.session_result(&session, client.favorites().remove([id]).await).await?;
        Self::uncached(&json!({"success": true}))
    }

    /// Returns a client that sends the token of the session in the request, and the id of that session.
    pub(super) async fn client_of(
        &self,
        parameters: &Parameters<'_>,
    ) -> Result<(Client, SessionId), Problem> {
        let session = parameters.session().ok_or_else(|| Problem::invalid("session", "is required"))?;
        self.client_in(session).await
    }

    /// Returns a client that sends the token of this session, and the id of the session.
    pub(super) async fn client_in(&self, session: &str) -> Result<(Client, SessionId), Problem> {
        let session = SessionId::parse(session).ok_or(SESSION_ENDED)?;
        let token = self.sessions.token(&session).await.map_err(super::unavailable)?;
        Ok((self.titles.client().in_session(token.ok_or(SESSION_ENDED)?), session))
    }

    /// Returns the passkey of the user, which makes torrent links personal.
    pub(super) async fn passkey(
        &self,
        client: &Client,
        session: &SessionId,
    ) -> Result<Option<Secret>, Problem> {
        let profile = client.profile().get().await;
        Ok(self.session_result(session, profile).await?.torrents.passkey)
    }

    /// Maps the result of a call in this session. Ends the session if AniLibria refuses its token.
    async fn session_result<T>(&self, session: &SessionId, result: Result<T, Error>) -> Result<T, Problem> {
        match result {
            Err(Error::Unauthorized { .. } | Error::NoSession) => {
                // The session is useless now. If this call fails, the session expires by its lifetime.
                let _ = self.sessions.end(session).await;
                Err(SESSION_ENDED)
            }
            Err(error) if error.is_not_found() => Err(Problem::Missing { what: "title" }),
            Err(Error::Validation(_)) => Err(Problem::invalid("title_id", "is not the id of a title")),
            result => Ok(result.map_err(LoadFailure::from)?),
        }
    }
}
