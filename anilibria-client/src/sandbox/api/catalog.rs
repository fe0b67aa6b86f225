//! `/anime/catalog/releases`: the catalogue with filters, orders and pages.

use crate::sandbox::catalogue::genre::{self, Genre};
use crate::sandbox::catalogue::reference::{
    AGE_RATINGS, Choice, IS_IN_PRODUCTION, IS_ONGOING, KINDS, PRODUCTION_STATUSES, PUBLISH_STATUSES, SEASONS,
    find,
};
use crate::sandbox::catalogue::{Release, Sorting, best_match, fold};
use crate::sandbox::page::{MAX_SIZE, Page};
use crate::sandbox::params::{Check, Params};
use crate::sandbox::problem::Problem;
use crate::sandbox::reply::Reply;
use crate::sandbox::router::{Call, Route};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/catalog/releases", releases),
    // The same question, with its parameters in a JSON body.
    Route::post("/anime/catalog/releases", releases),
];

fn releases(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let page = Page::read(&mut check, MAX_SIZE);
    let sorting = check.one_of("f.sorting", Sorting::find).unwrap_or(Sorting::FreshAtDesc);
    let filter = Filter::read(&mut check, &call.params);
    check.finish()?;
    let catalogue = call.world.catalogue();
    let view = call.view(&catalogue);
    let releases: Vec<_> = catalogue.sorted(sorting).filter(|release| filter.accepts(release)).collect();
    let items = page.slice(&releases).iter().map(|release| view.release_with_genres(release));
    let data = call.projection.apply_all(items);
    Ok(page.envelope(call, releases.len(), data).into())
}

/// Which releases are asked for. An empty list lets everything through.
struct Filter {
    /// All of these; `None` is a genre that does not exist, and so no release has.
    genres: Vec<Option<&'static Genre>>,
    kinds: Vec<&'static Choice>,
    seasons: Vec<&'static Choice>,
    age_ratings: Vec<&'static Choice>,
    publish_statuses: Vec<&'static Choice>,
    production_statuses: Vec<&'static Choice>,
    from_year: Option<i64>,
    to_year: Option<i64>,
    search: Option<String>,
}

impl Filter {
    fn read(check: &mut Check<'_>, params: &Params) -> Self {
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
            search: params.text("f.search").map(fold),
        }
    }

    fn accepts(&self, release: &Release) -> bool {
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
            && self.search.as_ref().is_none_or(|query| best_match(&release.folded, query).is_some())
    }
}
