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

/// Groups of operations in the document, in its order.
#[derive(Tags)]
enum Tag {
    /// Titles of the catalog: list, search, and single titles with their episodes.
    Titles,
    /// Lists for pages of a site: updates, popular titles, a random title, the schedule.
    Lists,
    /// Values for the parameters of other operations.
    Reference,
    /// Live events, as server-sent events. The same events are available over WebSocket.
    Events,
    /// Health of the service, for monitoring.
    Service,
    /// Operations for the site's own services. They require a service token, and are served by the service itself at
    /// `/internal`, never by the public proxy.
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
