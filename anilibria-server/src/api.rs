//! The routes: each validates, asks one service, and wraps the answer.

mod genres;
mod health;
mod lists;
mod schedule;
mod search;
mod titles;

use poem_openapi::Tags;

pub use self::{
    genres::GenresApi, health::HealthApi, lists::ListsApi, schedule::ScheduleApi, search::SearchApi,
    titles::TitlesApi,
};
use crate::{health::Health, titles::Titles};

/// Where an operation stands in the document.
#[derive(Tags)]
enum Tag {
    /// Titles, one by one and by what they are.
    Titles,
    /// Lists made for the site's pages.
    Lists,
    /// What other requests refer to.
    Reference,
    /// How the service itself is.
    Service,
}

/// All routes.
pub type Routes = (TitlesApi, SearchApi, ListsApi, ScheduleApi, GenresApi, HealthApi);

/// All routes, on top of the services they ask.
pub fn routes(titles: &Titles, health: &Health) -> Routes {
    (
        TitlesApi { titles: titles.clone() },
        SearchApi { titles: titles.clone() },
        ListsApi { titles: titles.clone() },
        ScheduleApi { titles: titles.clone() },
        GenresApi { titles: titles.clone() },
        HealthApi { health: health.clone() },
    )
}
