//! Franchises: releases that belong together.

use crate::model::{
    Franchise, FranchiseId, ReleaseId,
    wire::{First, List},
};

group! {
    /// Franchises: releases that belong together.
    Franchises, franchises
}

endpoint! {
    /// All franchises, without their releases.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let franchises = client.franchises().list().await?;
    /// assert!(franchises.iter().all(|franchise| franchise.franchise_releases.is_none()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/franchises" => Franchises::list() -> Vec<Franchise> as List<Franchise>;
    pub struct ListFranchises: Fields {}
}

endpoint! {
    /// Some franchises at random.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let franchises = client.franchises().random().limit(2).await?;
    /// assert_eq!(franchises.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/franchises/random" => Franchises::random() -> Vec<Franchise> as List<Franchise>;
    pub struct RandomFranchises: Fields {
        /// How many franchises to give; all of them when unset.
        limit: u32 => "limit",
    }
}

endpoint! {
    /// One franchise, with its releases in the order to show them.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let id = client.franchises().list().await?[0].id;
    ///
    /// let franchise = client.franchises().get(id).await?;
    /// assert!(franchise.franchise_releases.is_some_and(|releases| !releases.is_empty()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/franchises/{franchise}" => Franchises::get(franchise: FranchiseId) -> Franchise as First<Franchise>;
    pub struct GetFranchise: Fields {}
}

endpoint! {
    /// The franchises of a release, with their releases; mostly one, and none for a release that stands alone.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let franchises = client.franchises().of_release(1).await?;
    /// assert!(franchises.len() <= 1);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/franchises/release/{release}" => Franchises::of_release(release: ReleaseId)
        -> Vec<Franchise> as List<Franchise>;
    pub struct FranchisesOfRelease: Fields {}
}
