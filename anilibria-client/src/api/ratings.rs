//! Scores of releases.

use crate::{
    call::Call,
    model::{ReleaseId, Score},
    request::Arg,
};

group! {
    /// Scores that the user of this session gives to releases.
    Ratings, ratings
}

endpoint! {
    /// Returns the score that the user gave to a release.
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
    GET "/anime/releases/{release}/rating" [session] => Ratings::get(release: Arg<ReleaseId>) -> Score;
    pub struct GetRating {}
}

endpoint! {
    /// Sets the score of a release, from 1 to 10.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert_eq!(client.ratings().set(1, 7).await?.score, Some(7));
    /// # Ok(())
    /// # });
    /// ```
    POST "/anime/releases/{release}/rating" [session] => Ratings::set(release: Arg<ReleaseId>, score: Arg<u8>)
        -> Score;
    pub struct SetRating {}
}

endpoint! {
    /// Removes the score of a release.
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
    DELETE "/anime/releases/{release}/rating" [session] => Ratings::remove(release: Arg<ReleaseId>)
        -> () => empty;
    pub struct RemoveRating {}
}
