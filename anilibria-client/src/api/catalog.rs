//! The catalog: releases by filter, and the values of the filters.

use crate::{
    call::{Call, Paged, Projected},
    model::{
        AgeRating, CatalogSorting, Genre, GenreId, ProductionStatus, PublishStatus, Reference, Release,
        ReleaseKind, Season,
    },
    page::Page,
    request::{Arg, Year},
};

group! {
    /// The catalog: releases by filter, in a chosen order.
    Catalog, catalog
}

endpoint! {
    /// Returns the releases of the catalog with their genres. Default order: the last updated first.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::model::{ReleaseKind, Season};
    /// use futures::TryStreamExt;
    ///
    /// let winter = client.catalog().releases().seasons([Season::Winter]).from_year(2020).limit(5).await?;
    /// assert!(winter.items.iter().all(|release| release.season == Some(Season::Winter)));
    ///
    /// let films: Vec<_> = client.catalog().releases().kinds([ReleaseKind::Movie]).items().try_collect().await?;
    /// assert!(films.iter().all(|release| release.kind == Some(ReleaseKind::Movie)));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/releases" [or_post] => Catalog::releases() -> Page<Release>;
    pub struct CatalogReleases: Projected, Paged<Release> {
        /// Selects releases that have all of these genres.
        genres: [Arg<GenreId>] => "f[genres]",
        /// Selects releases of these kinds.
        kinds: [ReleaseKind] => "f[types]",
        /// Selects releases that began in one of these seasons.
        seasons: [Season] => "f[seasons]",
        /// Selects releases that began in this year or later.
        from_year: Year => "f[years][from_year]",
        /// Selects releases that began in this year or earlier.
        to_year: Year => "f[years][to_year]",
        /// Selects releases that have this text in a name.
        search: String => "f[search]",
        /// Sets the order of the releases.
        sorting: CatalogSorting => "f[sorting]",
        /// Selects releases that have one of these age ratings.
        age_ratings: [AgeRating] => "f[age_ratings]",
        /// Selects releases by the status of the original: ongoing or finished.
        publish_statuses: [PublishStatus] => "f[publish_statuses]",
        /// Selects releases by the status of the dubbing: in production or finished.
        production_statuses: [ProductionStatus] => "f[production_statuses]",
    }
}

endpoint! {
    /// Returns the age ratings to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let ratings = client.catalog().age_ratings().await?;
    /// assert_eq!(ratings.len(), 5);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/age-ratings" => Catalog::age_ratings() -> Vec<Reference<AgeRating>>;
    pub struct CatalogAgeRatings {}
}

endpoint! {
    /// Returns the genres to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let genres = client.catalog().genres().await?;
    /// assert!(genres.iter().any(|genre| genre.name == "Комедия"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/genres" => Catalog::genres() -> Vec<Genre>;
    pub struct CatalogGenres {}
}

endpoint! {
    /// Returns the production statuses to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let statuses = client.catalog().production_statuses().await?;
    /// assert_eq!(statuses.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/production-statuses" => Catalog::production_statuses()
        -> Vec<Reference<ProductionStatus>>;
    pub struct CatalogProductionStatuses {}
}

endpoint! {
    /// Returns the publish statuses to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let statuses = client.catalog().publish_statuses().await?;
    /// assert_eq!(statuses.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/publish-statuses" => Catalog::publish_statuses()
        -> Vec<Reference<PublishStatus>>;
    pub struct CatalogPublishStatuses {}
}

endpoint! {
    /// Returns the seasons to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let seasons = client.catalog().seasons().await?;
    /// assert_eq!(seasons.len(), 4);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/seasons" => Catalog::seasons() -> Vec<Reference<Season>>;
    pub struct CatalogSeasons {}
}

endpoint! {
    /// Returns the orders to sort by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let orders = client.catalog().sorting().await?;
    /// assert!(orders.iter().all(|order| order.label.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/sorting" => Catalog::sorting() -> Vec<Reference<CatalogSorting>>;
    pub struct CatalogSortings {}
}

endpoint! {
    /// Returns the kinds of release to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::model::ReleaseKind;
    ///
    /// let kinds = client.catalog().kinds().await?;
    /// assert!(kinds.iter().any(|kind| kind.value == ReleaseKind::Tv));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/types" => Catalog::kinds() -> Vec<Reference<ReleaseKind>>;
    pub struct CatalogKinds {}
}

endpoint! {
    /// Returns the years to filter by.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let years = client.catalog().years().await?;
    /// assert!(years.contains(&2020));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/catalog/references/years" => Catalog::years() -> Vec<u16>;
    pub struct CatalogYears {}
}
