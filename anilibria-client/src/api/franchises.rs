//! Franchises: releases that belong together.

use crate::{
    call::{Call, Projected},
    model::{Franchise, FranchiseId, ReleaseId, wire::First},
    request::{Arg, Number},
};

group! {
    /// Franchises: releases that belong together.
    Franchises, franchises
}

endpoint! {
    /// Returns all franchises without their releases.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let franchises = client.franchises().list().await?;
    /// assert!(franchises.iter().all(|franchise| franchise.franchise_releases.is_none()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/franchises" => Franchises::list() -> Vec<Franchise>;
    pub struct ListFranchises: Projected {}
}

endpoint! {
    /// Returns random franchises.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let franchises = client.franchises().random().limit(2).await?;
    /// assert_eq!(franchises.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/franchises/random" => Franchises::random() -> Vec<Franchise>;
    pub struct RandomFranchises: Projected {
        /// Sets the number of franchises. The service returns all of them if unset.
        limit: Number => "limit",
    }
}

endpoint! {
    /// Returns a franchise with its releases in display order.
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
    GET "/anime/franchises/{franchise}" => Franchises::get(franchise: Arg<FranchiseId>)
        -> Franchise as First<Franchise>;
    pub struct GetFranchise: Projected {}
}

endpoint! {
    /// Returns the franchises of a release with their releases: one as a rule, none for a standalone release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let franchises = client.franchises().of_release(1).await?;
    /// assert!(franchises.len() <= 1);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/franchises/release/{release}" => Franchises::of_release(release: Arg<ReleaseId>)
        -> Vec<Franchise>;
    pub struct FranchisesOfRelease: Projected {}
}
