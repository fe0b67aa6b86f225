//! The OpenAPI document, and the table of all routes. Each route has two paths: below `/api/anilibria/v2`, and without this
//! prefix.

mod corrections;
mod example;

mod guide;
mod postprocess;

mod shared;
mod spec_version;
mod swagger_ui;
mod upgrade;

use std::{marker::PhantomData, sync::Arc};

use anilibria_http::{
    asset::Asset,
    known_parameters::KnownParameters,
    router::{ParameterTable, RouteTable},
};
use poem::{EndpointExt as _, endpoint::make_sync, http::Method};
use poem_openapi::{
    ContactObject, LicenseObject, OpenApi, OpenApiService, ServerObject,
    registry::{MetaApi, MetaOperation, MetaParamIn, Registry},
};
use serde_json::Value;

pub use self::spec_version::SpecVersion;
use self::spec_version::VersionedDocument;
use crate::{
    events::asyncapi,
    v2::pages::{self, Features, PageOrData},
};

/// Path of the front page for browsers, and of the index for other clients.
const FRONT: &str = "/";

/// Path of the live events page for browsers, and of the liveness probe for other clients.
const LIVE: &str = "/live";

/// The rendered OpenAPI document of some routes.
#[derive(Clone, Debug)]
pub struct Document {
    /// Document in OpenAPI 3.0.
    pub v3_0: Text,
    /// The same document in OpenAPI 3.1.
    pub v3_1: Text,
    /// HTML page with Swagger UI, which shows the document and sends requests.
    pub html: String,
}

/// A document as text.
#[derive(Clone, Debug)]
pub struct Text {
    /// Document as JSON.
    pub json: String,
    /// Document as YAML.
    pub yaml: String,
}

impl Document {
    /// Renders the document of the routes `A`.
    pub fn of<A: OpenApi>() -> Self {
        let service = service::<A>();
        let spec = service.spec();
        let mut document = serde_json::from_str(&spec).unwrap_or_default();
        postprocess::postprocess(&mut document);
        let shown = pages::docs::document_for_page(&document).to_string();
        let html = service.swagger_ui_html().replacen(&spec, &shown, 1);
        let html = swagger_ui::collapse_internal(&html).into_owned();
        Self { v3_0: Text::of(&document), v3_1: Text::of(&upgrade::upgrade(&document)), html }
    }

    /// Returns the document in `version` of the specification.
    pub fn text(&self, version: SpecVersion) -> &Text {
        match version {
            SpecVersion::V3_0 => &self.v3_0,
            SpecVersion::V3_1 => &self.v3_1,
        }
    }
}

impl Text {
    fn of(document: &Value) -> Self {
        let json = format!("{document:#}\n");
        // Any value that was parsed from JSON can be written as YAML.
        Self { json, yaml: serde_yaml_ng::to_string(document).unwrap_or_default() }
    }
}

/// Returns the table of `routes`, their documents and the pages, at both paths. The front page shows the enabled `features`. The
/// table is flat, because nested routes would rewrite the path of each request.
pub fn table<A: OpenApi + Clone>(routes: &A, features: Features) -> RouteTable {
    let Document { v3_0, v3_1, html } = Document::of::<A>();
    let json = |text: String| Asset::new("application/json; charset=utf-8", text);
    let yaml = |text: String| Asset::new("application/yaml; charset=utf-8", text);
    let documents = [
        ("/openapi-3.1.json", json(v3_1.json)),
        ("/openapi-3.1.yaml", yaml(v3_1.yaml)),
        ("/docs", pages::docs::page(&html)),
        ("/asyncapi.json", json(asyncapi::json())),
        ("/asyncapi.yaml", yaml(asyncapi::YAML.to_owned())),
    ];
    let versioned = [
        ("/openapi.json", json(v3_0.json), "openapi-3.1.json"),
        ("/openapi.yaml", yaml(v3_0.yaml), "openapi-3.1.yaml"),
    ];
    let icons = pages::ICON_PATHS.map(|path| (path, pages::icon()));
    let pages = [(FRONT, pages::front::page(features)), (LIVE, pages::live::page())];
    let mut table = RouteTable::new();
    for prefix in ["", anilibria_http::BASE] {
        let mut endpoints = RouteTable::new();
        routes.clone().add_routes(&mut endpoints);
        for (path, asset) in documents.iter().chain(&icons).cloned() {
            let endpoint = make_sync(move |_| asset.response()).boxed();
            endpoints.entry(path.into()).or_default().insert(Method::GET, endpoint);
        }
        for (path, document, v3_1) in versioned.clone() {
            let endpoint = VersionedDocument { document, v3_1 }.boxed();
            endpoints.entry(path.into()).or_default().insert(Method::GET, endpoint);
        }
        for (path, page) in pages.clone() {
            add_page(&mut endpoints, path, page);
        }
        let routes = endpoints.into_iter().map(|(path, methods)| (format!("{prefix}{path}"), methods));
        table.extend(routes.filter(|(address, _)| !address.is_empty()));
    }
    table
}

/// Tags of operations whose query parameters are not checked: probes may send any, and services are trusted.
const UNCHECKED: [&str; 2] = ["Service", "Internal"];

/// Returns the documented query parameters of the routes `A`, at both paths.
pub fn parameters<A: OpenApi>() -> ParameterTable {
    let mut table = ParameterTable::new();
    for path in A::meta().into_iter().flat_map(|api| api.paths) {
        let operations = path.operations.iter();
        let checked =
            operations.filter(|operation| !operation.tags.iter().any(|tag| UNCHECKED.contains(tag)));
        for operation in checked {
            let names: KnownParameters = query_parameters(operation).collect();
            for prefix in ["", anilibria_http::BASE] {
                let methods = table.entry(format!("{prefix}{}", path.path)).or_default();
                methods.insert(operation.method.clone(), names.clone());
            }
        }
    }
    table
}

fn query_parameters(operation: &MetaOperation) -> impl Iterator<Item = String> {
    let parameters = operation.params.iter().filter(|parameter| parameter.in_type == MetaParamIn::Query);
    parameters.map(|parameter| parameter.name.clone())
}

/// Adds `page` to the route at `path`, which serves data to clients other than browsers. The front page also gets the empty path:
/// the base path of the API without a trailing slash.
fn add_page(endpoints: &mut RouteTable, path: &str, page: Asset) {
    let Some(data) = endpoints.get_mut(path).and_then(|methods| methods.remove(&Method::GET)) else { return };
    let endpoint = Arc::new(PageOrData { page, data });
    let paths = if path == FRONT { vec![FRONT, ""] } else { vec![path] };
    for path in paths {
        endpoints.entry(path.into()).or_default().insert(Method::GET, Arc::clone(&endpoint).boxed());
    }
}

fn service<A: OpenApi>() -> OpenApiService<DocumentOnly<A>, ()> {
    OpenApiService::new(DocumentOnly::new(), "AniLibria v2", env!("CARGO_PKG_VERSION"))
        .description(guide::TEXT)
        .contact(ContactObject::new().name("AniLibria").url(env!("CARGO_PKG_REPOSITORY")))
        .license(LicenseObject::new("MIT OR Apache-2.0").url("https://spdx.org/licenses/MIT.html"))
        .server(
            ServerObject::new(anilibria_http::BASE).description("Public address, behind the site's proxy."),
        )
        .server(ServerObject::new("/").description("The service itself, without the proxy."))
}

/// The documentation of the routes `A`, without their endpoints.
pub struct DocumentOnly<A>(PhantomData<A>);

impl<A> DocumentOnly<A> {
    /// Creates the documentation of `A`.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A> Clone for DocumentOnly<A> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<A> Default for DocumentOnly<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: OpenApi> OpenApi for DocumentOnly<A> {
    fn meta() -> Vec<MetaApi> {
        corrections::correct_operations(A::meta())
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
        corrections::correct_schemas(&mut registry.schemas);
    }

    fn add_routes(self, _: &mut RouteTable) {}
}
