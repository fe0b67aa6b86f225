//! What the user thinks of a release.

use crate::model::{ReleaseId, Score};

group! {
    /// The scores that the user of this session gives. Releases go by id here, not by alias.
    Ratings, ratings
}

endpoint! {
    /// The score the user gave a release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// client.ratings().set(1, 9).await?;
    ///
    /// let score = client.ratings().get(1).await?;
    /// assert_eq!(score.score, Some(9));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/{release}/rating" [session] => Ratings::get(release: ReleaseId) -> Score;
    pub struct GetRating {}
}

endpoint! {
    /// Gives a release a score from 1 to 10.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert_eq!(client.ratings().set(1, 7).await?.score, Some(7));
    /// # Ok(())
    /// # });
    /// ```
    POST "/anime/releases/{release}/rating" [session] => Ratings::set(release: ReleaseId, score: u8) -> Score;
    pub struct SetRating {}
}

endpoint! {
    /// Takes the score back.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// client.ratings().set(1, 7).await?;
    ///
    /// client.ratings().remove(1).await?;
    /// # Ok(())
    /// # });
    /// ```
    DELETE "/anime/releases/{release}/rating" [session] => Ratings::remove(release: ReleaseId) -> () => empty;
    pub struct RemoveRating {}
}
