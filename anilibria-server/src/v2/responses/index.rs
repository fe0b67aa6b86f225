//! The index of the service.

use anilibria_http::BASE;
use poem_openapi::{Object, types::Example};

use crate::v2::pages::Features;

/// Name and version of the service, and its paths.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct Index {
    /// Name of the service.
    pub name: String,
    /// Version of the service.
    pub version: String,
    /// Paths on the host of the service.
    pub links: Links,
}

/// Paths on the host of the service.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Links {
    /// Documentation page.
    pub docs: String,
    /// OpenAPI document as JSON.
    pub openapi_json: String,
    /// OpenAPI document as YAML.
    pub openapi_yaml: String,
    /// OpenAPI 3.1 document as JSON.
    pub openapi_3_1_json: String,
    /// OpenAPI 3.1 document as YAML.
    pub openapi_3_1_yaml: String,
    /// AsyncAPI document as JSON.
    pub asyncapi_json: String,
    /// AsyncAPI document as YAML.
    pub asyncapi_yaml: String,
    /// Live events page.
    pub live: String,
    /// Live events over a WebSocket.
    pub websocket: String,
    /// Live events as server-sent events.
    pub events: String,
    /// Health of the service and its dependencies.
    pub health: String,
    /// Titles of the catalog.
    pub titles: String,
    /// API v3 for old clients of AniLibria; absent if it is disabled.
    pub v3: Option<String>,
    /// Control API of the sandbox; absent without a sandbox.
    pub sandbox: Option<String>,
}

impl Index {
    /// Creates the index of a service with `features`.
    pub fn new(features: Features) -> Self {
        let path = |path: &str| format!("{BASE}{path}");
        Self {
            name: "anilibria-server".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            links: Links {
                docs: path("/docs"),
                openapi_json: path("/openapi.json"),
                openapi_yaml: path("/openapi.yaml"),
                openapi_3_1_json: path("/openapi-3.1.json"),
                openapi_3_1_yaml: path("/openapi-3.1.yaml"),
                asyncapi_json: path("/asyncapi.json"),
                asyncapi_yaml: path("/asyncapi.yaml"),
                live: path("/live"),
                websocket: path("/ws"),
                events: path("/events"),
                health: path("/health"),
                titles: path("/titles"),
                v3: features.v3.then(|| "/v3".into()),
                sandbox: features.sandbox.then(|| "/sandbox".into()),
            },
        }
    }
}

impl Example for Index {
    fn example() -> Self {
        Self::new(Features { v3: true, sandbox: false })
    }
}
