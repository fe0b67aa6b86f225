//! Whoever has logged in, and their favourites.

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
    answer::{Answer, Page},
    ask::Ask,
    gateway::Gateway,
    many::{MOST, Source, many},
    paging::{PAGE, PageSize},
    sessions::SessionId,
    shape::Shape,
};

/// What is told of a session that is not known, or no longer.
const ENDED: Problem = Problem::Unauthorized {
    message: "the session is not known, or has ended",
    code: ErrorCode::Unauthorized,
};

impl Gateway {
    /// Whoever has logged in.
    pub(super) async fn user(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let shape = Shape::of_parts(ask)?;
        let (client, session) = self.client_of(ask).await?;
        let profile = client.profile().get().await;
        let user = User::from(&self.permitted(&session, profile).await?);
        let mut user = serde_json::to_value(user).map_err(Problem::internal)?;
        shape.apply(&mut user);
        Self::once(&user)
    }

    /// Their favourites, the one that was added first first.
    pub(super) async fn favorites(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let shape = Shape::read(ask)?;
        // anilibria.py cannot ask for another page than the first.
        let unless_told = if ask.dialect == Dialect::Python { PageSize::All } else { PageSize::Of(PAGE) };
        let (window, _) = ask.window(unless_told)?;
        let (client, session) = self.client_of(ask).await?;
        let (range, _) = window.of(usize::MAX);
        let wanted = u32::try_from(range.len().clamp(1, MOST)).unwrap_or(u32::MAX);
        let list = client.favorites().releases().sorting(FavoriteSorting::CreatedAtAsc).include(["id"]);
        let found = self.permitted(&session, list.window(range.start as u64, wanted).await).await?;
        let (_, pagination) = window.of(usize::try_from(found.total).unwrap_or(usize::MAX));
        let ids: Vec<ReleaseId> = found.items.iter().map(|release| release.id).collect();
        let read = |source| many(&self.titles, ids.clone(), &shape, source, &self.work, &ask.charge);
        let titles = match read(Source::Any).await {
            Err(failure) if failure.is_of_upstream() => read(Source::Catalogue).await.map_err(|_| failure)?,
            titles => titles?,
        };
        let list = titles.into_iter().map(|(_, title)| title).collect();
        Self::once(&Page { list, pagination })
    }

    /// Adds a title to the favourites.
    pub(super) async fn add_favorite(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let id = ask.required::<u32>("title_id")?;
        let (client, session) = self.client_of(ask).await?;
        self.permitted(&session, client.favorites().add([id]).await).await?;
        Self::once(&json!({"success": true}))
    }

    /// Removes a title from the favourites.
    pub(super) async fn remove_favorite(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let id = ask.required::<u32>("title_id")?;
        let (client, session) = self.client_of(ask).await?;
        self.permitted(&session, client.favorites().remove([id]).await).await?;
        Self::once(&json!({"success": true}))
    }

    /// A client that asks on behalf of whoever sent the request, and in which session.
    pub(super) async fn client_of(&self, ask: &Ask<'_>) -> Result<(Client, SessionId), Problem> {
        let session = ask.session().ok_or_else(|| Problem::invalid("session", "is required"))?;
        self.client_in(session).await
    }

    /// A client that asks on behalf of whoever is in this session.
    pub(super) async fn client_in(&self, session: &str) -> Result<(Client, SessionId), Problem> {
        let session = SessionId::read(session).ok_or(ENDED)?;
        let token = self.sessions.token(&session).await.map_err(super::unavailable)?;
        Ok((self.titles.client().in_session(token.ok_or(ENDED)?), session))
    }

    /// The key by which torrent links are those of whoever is in this session.
    pub(super) async fn passkey(
        &self,
        client: &Client,
        session: &SessionId,
    ) -> Result<Option<Secret>, Problem> {
        let profile = client.profile().get().await;
        Ok(self.permitted(session, profile).await?.torrents.passkey)
    }

    /// What AniLibria answered to somebody in this session, which ends when AniLibria says that it has.
    async fn permitted<T>(&self, session: &SessionId, answer: Result<T, Error>) -> Result<T, Problem> {
        match answer {
            Err(Error::Unauthorized { .. } | Error::NoSession) => {
                // It is of no more use; should it not be forgotten now, it will end by itself.
                let _ = self.sessions.end(session).await;
                Err(ENDED)
            }
            Err(error) if error.is_not_found() => Err(Problem::Missing { what: "title" }),
            Err(Error::Validation(_)) => Err(Problem::invalid("title_id", "is not the id of a title")),
            answer => Ok(answer.map_err(LoadFailure::from)?),
        }
    }
}
