//! The routes of API v2. Each route validates the request, calls one service and returns the result.

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
    v2::{openapi::DocumentOnly, pages::Features},
};

/// Groups of operations in the OpenAPI document, in its order.
#[derive(Tags)]
enum Tag {
    /// Titles of the catalog: list, search, and single titles with their episodes.
    Titles,
    /// Lists for the pages of a site: updated titles, popular titles, a random title, the schedule.
    Lists,
    /// Values that the parameters of other operations accept.
    Reference,
    /// Live events as server-sent events. The same events are available over WebSocket at `/ws`.
    Events,
    /// Health of the service for monitoring, and the index of its paths.
    Service,
    /// Operations for the site's own services. They require the token of a service. The service answers them at `/internal` on
    /// its own address; the public proxy does not forward them.
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
    DocumentOnly<InternalApi>,
);

/// Returns all routes, which call the given services. Event streams are limited per client of `clients`. The index lists the
/// paths of the enabled `features`.
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
        // Only documented here. `crate::v2::internal` serves the routes, if there are tokens.
        DocumentOnly::new(),
    )
}
