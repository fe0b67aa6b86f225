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
    /// Stream events
    ///
    /// Returns a stream of server-sent events that does not end. `event` is `new_episode`, `new_title` or `status_change`, and
    /// also `episode_update` for the titles in `title_id`. `id` increases with each event. `data` is a JSON object.
    ///
    /// The stream begins with an `id` without an event. To resume after a disconnect, send the last `id` in the header
    /// `Last-Event-ID`, as browsers do. The stream then contains the missed events, and after them the event `resumed`. Its field
    /// `complete` is `false` if some of the missed events are no longer stored. The event `lagged` reports that the client was
    /// too slow and lost events. A comment every 15 seconds keeps the connection open.
    ///
    /// The same events are available over WebSocket at `/ws`, with subscriptions that can change.
    #[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
    #[oai(path = "/", method = "get", operation_id = "getEvents")]
    async fn events(
        &self,
        request: &Request,
        /// Ids of titles whose events the stream contains. Repeat the parameter, or separate the ids with commas.
        title_id: Param<TitleIds>,
        /// Kinds of events that the stream contains for all titles. Repeat the parameter, or separate the kinds with commas. All
        /// kinds if both this parameter and `title_id` are omitted.
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
