//! Filters of lists of releases, such as `f[genres]` and `f[types]`.

use crate::catalog::genre::{self, Genre};
use crate::catalog::reference::{
    AGE_RATINGS, Choice, IS_IN_PRODUCTION, IS_ONGOING, KINDS, PRODUCTION_STATUSES, PUBLISH_STATUSES, SEASONS,
    find,
};
use crate::catalog::{Release, best_match, fold};
use crate::params::{Check, Params};

/// Criteria for releases. An empty list accepts all releases.
#[derive(Debug)]
pub(super) struct Filter {
    /// A release must have all of these genres. `None` is an unknown genre, which no release has.
    genres: Vec<Option<&'static Genre>>,
    kinds: Vec<&'static Choice>,
    seasons: Vec<&'static Choice>,
    age_ratings: Vec<&'static Choice>,
    publish_statuses: Vec<&'static Choice>,
    production_statuses: Vec<&'static Choice>,
    from_year: Option<i64>,
    to_year: Option<i64>,
    /// A release must have one of these years.
    years: Vec<i64>,
    search: Option<String>,
}

impl Filter {
    /// Reads the filters of the catalog, with years as a range.
    pub(super) fn read(check: &mut Check<'_>, params: &Params) -> Self {
        Self {
            genres: check.integers("f.genres").into_iter().map(genre::find).collect(),
            kinds: check.any_of("f.types", |value| find(&KINDS, value)),
            seasons: check.any_of("f.seasons", |value| find(&SEASONS, value)),
            age_ratings: check.any_of("f.age_ratings", |value| find(&AGE_RATINGS, value)),
            publish_statuses: check.any_of("f.publish_statuses", |value| find(&PUBLISH_STATUSES, value)),
            production_statuses: check
                .any_of("f.production_statuses", |value| find(&PRODUCTION_STATUSES, value)),
            from_year: check.integer("f.years.from_year"),
            to_year: check.integer("f.years.to_year"),
            years: Vec::new(),
            search: params.text("f.search").map(fold),
        }
    }

    /// Reads the filters of the lists of an account. There are fewer of them, and years are a list.
    pub(super) fn of_account_list(check: &mut Check<'_>, params: &Params) -> Self {
        Self {
            genres: check.integers("f.genres").into_iter().map(genre::find).collect(),
            kinds: check.any_of("f.types", |value| find(&KINDS, value)),
            seasons: Vec::new(),
            age_ratings: check.any_of("f.age_ratings", |value| find(&AGE_RATINGS, value)),
            publish_statuses: Vec::new(),
            production_statuses: Vec::new(),
            from_year: None,
            to_year: None,
            years: check.integers("f.years"),
            search: params.text("f.search").map(fold),
        }
    }

    pub(super) fn accepts(&self, release: &Release) -> bool {
        let any = |choices: &[&Choice], test: &dyn Fn(&Choice) -> bool| {
            choices.is_empty() || choices.iter().any(|choice| test(choice))
        };
        let year = i64::from(release.year);
        self.genres.iter().all(|genre| genre.is_some_and(|genre| release.genres.contains(genre)))
            && any(&self.kinds, &|kind| release.kind == kind)
            && any(&self.seasons, &|season| release.season.is_some_and(|known| known == season))
            && any(&self.age_ratings, &|rating| release.age_rating == rating)
            && any(&self.publish_statuses, &|status| release.is_ongoing == (*status == IS_ONGOING))
            && any(&self.production_statuses, &|status| {
                release.is_in_production == (*status == IS_IN_PRODUCTION)
            })
            && self.from_year.is_none_or(|from| from <= year)
            && self.to_year.is_none_or(|to| year <= to)
            && (self.years.is_empty() || self.years.contains(&year))
            && self.search.as_ref().is_none_or(|query| best_match(&release.folded, query).is_some())
    }
}
