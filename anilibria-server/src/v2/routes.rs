//! The routes of version 2. Each validates the request, calls one service and wraps the result.

mod events;
mod genres;
mod health;
mod index;
mod internal;
mod lists;
mod schedule;
mod search;
mod titles;

use std::sync::Arc;

use anilibria_http::clients::Clients;
use poem_openapi::Tags;

pub use self::{
    events::EventsApi, genres::GenresApi, health::HealthApi, index::IndexApi, internal::InternalApi,
    lists::ListsApi, schedule::ScheduleApi, search::SearchApi, titles::TitlesApi,
};
use crate::{
    events::Realtime,
    health::Health,
    titles::Titles,
    v2::{openapi::Described, pages::Features},
};

/// Where an operation stands in the document.
#[derive(Tags)]
enum Tag {
    /// Titles, one by one and by what they are.
    Titles,
    /// Lists made for the site's pages.
    Lists,
    /// What happens, as it happens.
    Events,
    /// What other requests refer to.
    Reference,
    /// How the service itself is.
    Service,
    /// What other services of the site ask, with a token, of the service itself: at `/internal`, never behind the proxy.
    Internal,
}

/// All routes.
pub type Routes = (
    TitlesApi,
    SearchApi,
    ListsApi,
    ScheduleApi,
    GenresApi,
    EventsApi,
    HealthApi,
    IndexApi,
    Described<InternalApi>,
);

/// Returns all routes, over the services that they call. Event streams are limited per client of `clients`. The index names
/// enabled `features`.
pub fn routes(
    titles: &Titles,
    realtime: &Realtime,
    health: &Health,
    clients: &Arc<Clients>,
    features: Features,
) -> Routes {
    (
        TitlesApi { titles: titles.clone() },
        SearchApi { titles: titles.clone() },
        ListsApi { titles: titles.clone() },
        ScheduleApi { titles: titles.clone() },
        GenresApi { titles: titles.clone() },
        EventsApi { realtime: realtime.clone(), clients: Arc::clone(clients) },
        HealthApi { health: health.clone() },
        IndexApi { features },
        // Only described here. The routes are served by `crate::v2::internal`, if there are tokens.
        Described::new(),
    )
}
