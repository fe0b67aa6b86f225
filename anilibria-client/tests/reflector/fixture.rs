//! A sandbox, its local catalog, and catalogs made by hand.

use std::sync::Arc;

use anilibria_client::{
    Client,
    model::Release,
    reflector::{Catalog, CatalogEntry, Reflector},
    sandbox::{RunningSandbox, Sandbox},
};
use serde_json::json;

pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) reflector: Reflector,
    _server: RunningSandbox,
}

impl Fixture {
    pub(crate) async fn new(releases: u32) -> Self {
        let sandbox = Sandbox::builder().releases(releases).build();
        let server = sandbox.start().await.unwrap();
        let client = Client::builder().mirror(server.api_url()).build().unwrap();
        let reflector = client.reflector().unpaced().build();
        Self { sandbox, client, reflector, _server: server }
    }

    pub(crate) async fn loaded(releases: u32) -> (Self, Arc<Catalog>) {
        let fixture = Self::new(releases).await;
        fixture.reflector.load().await.unwrap();
        let catalog = fixture.reflector.catalog();
        (fixture, catalog)
    }
}

/// A catalog of releases with these main, English and alternative names; their ids run from 1.
pub(crate) fn named(names: &[(&str, &str, &str)]) -> Catalog {
    let release = |(id, (main, english, alternative)): (u32, &(&str, &str, &str))| -> Release {
        let name = json!({"main": main, "english": english, "alternative": alternative});
        serde_json::from_value(json!({"id": id, "name": name})).unwrap()
    };
    (1..).zip(names).map(release).collect()
}

pub(crate) fn ids<'c>(entries: impl IntoIterator<Item = &'c CatalogEntry>) -> Vec<u32> {
    entries.into_iter().map(|entry| entry.id.get()).collect()
}

/// The ids that a search finds, the best first.
pub(crate) fn search(catalog: &Catalog, text: &str) -> Vec<u32> {
    ids(catalog.query().search(text).find().items)
}
