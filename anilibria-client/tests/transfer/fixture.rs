//! Documents and catalogs made by hand, and a sandbox with a session.

use std::sync::Arc;

use anilibria_client::{
    Client,
    model::{EpisodeId, Release},
    reflector::Catalog,
    sandbox::{RunningSandbox, Sandbox},
    transfer::{ListDocument, ListEntry},
};
use serde_json::json;
use uuid::Uuid;

/// A client that is logged in to a sandbox, and the local catalog.
pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) catalog: Arc<Catalog>,
    _server: RunningSandbox,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::builder().releases(60).build();
        let server = sandbox.start().await.unwrap();
        let client = Client::builder().mirror(server.api_url()).build().unwrap();
        client.session().log_in("demo", "demo").await.unwrap();
        let reflector = client.reflector().unpaced().build();
        reflector.load().await.unwrap();
        Self { sandbox, client, catalog: reflector.catalog(), _server: server }
    }
}

/// Id of the episode `number` of the release `release` of [`catalog`].
pub(crate) fn episode(release: u32, number: u32) -> EpisodeId {
    EpisodeId(Uuid::from_u128((u128::from(release) << 32) | u128::from(number)))
}

/// A catalog of releases with these ids at MyAnimeList and Shikimori. Each one has three episodes and a special.
pub(crate) fn catalog(releases: &[(u32, Option<u64>, Option<u64>)]) -> Catalog {
    let release = |&(id, mal, shikimori): &(u32, Option<u64>, Option<u64>)| -> Release {
        let numbers = [(1, json!(1)), (2, json!(2)), (3, json!(2.5)), (4, json!(3))];
        let episodes: Vec<_> = numbers
            .into_iter()
            .map(|(place, ordinal)| json!({"id": episode(id, place), "ordinal": ordinal, "duration": 1440}))
            .collect();
        serde_json::from_value(json!({
            "id": id, "alias": format!("release-{id}"), "name": {"main": format!("Релиз {id}")},
            "mal": {"id": mal}, "shikimori": {"id": shikimori}, "episodes": episodes, "episodes_total": 3,
        }))
        .unwrap()
    };
    releases.iter().map(release).collect()
}

/// A document of entries, each a default one that `change` has changed.
pub(crate) fn document<const N: usize>(changes: [fn(&mut ListEntry); N]) -> ListDocument {
    ListDocument::new(changes.map(|change| {
        let mut entry = ListEntry::default();
        change(&mut entry);
        entry
    }))
}
