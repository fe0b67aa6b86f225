//! The route `/events`: live events.

use std::sync::Arc;

use anilibria_http::{clients::Clients, params::Param, problem::Problem};
use poem::Request;
use poem_openapi::OpenApi;

use super::Tag;
use crate::events::{
    Realtime,
    params::{EventKinds, TitleIds},
    sse::EventStream,
};

/// Header that contains the id of the last event that a client received.
const LAST_EVENT_ID: &str = "last-event-id";

/// Route `/events`.
#[derive(Clone)]
pub struct EventsApi {
    pub(super) realtime: Realtime,
    pub(super) clients: Arc<Clients>,
}

#[OpenApi(prefix_path = "/events", tag = "Tag::Events")]
impl EventsApi {
    /// Events as they happen
    ///
    /// A stream of server-sent events that does not end: `event` is `new_episode`, `new_title`, `status_change` or, for
    /// who follows its title, `episode_update`; `id` sorts as the events do; `data` is a JSON object. A comment comes every
    /// 15 seconds. A client that comes back with the header `Last-Event-ID`, as browsers do, is told what it has missed,
    /// and then `resumed` with `complete`: whether that is all. `lagged` tells one that is too slow that events are gone.
    /// The same events, and more ways to choose among them, are to be had over WebSocket at `/ws`.
    #[expect(clippy::unused_async, reason = "the framework takes no others")]
    #[oai(path = "/", method = "get", operation_id = "getEvents")]
    async fn events(
        &self,
        request: &Request,
        /// Titles to follow: repeat the key, or put commas between.
        title_id: Param<TitleIds>,
        /// Kinds to hear of whatever the title: repeat the key, or put commas between. All when neither this nor a title is
        /// given.
        types: Param<EventKinds>,
    ) -> Result<EventStream, Problem> {
        let last = match request.headers().get(LAST_EVENT_ID).filter(|id| !id.is_empty()) {
            Some(id) => {
                let id = id.to_str().ok().and_then(|id| id.parse().ok());
                Some(id.ok_or_else(|| Problem::invalid("Last-Event-ID", "must be the id of an event"))?)
            }
            None => None,
        };
        let client = self.clients.identify(request).counted_network();
        EventStream::open(&self.realtime, client, &title_id.0.0, &types.0.0, last)
    }
}
