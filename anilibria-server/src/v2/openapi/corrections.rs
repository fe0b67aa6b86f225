//! Corrections of the framework's model of routes and schemas, before the document is rendered.

use std::collections::BTreeMap;

use anilibria_http::problem::Problem;
use poem_openapi::{
    ApiResponse as _,
    registry::{MetaApi, MetaOperation, MetaSchema, MetaSchemaRef},
};

/// Descriptions of successful responses, by operation id.
const RESULTS: [(&str, &str); 18] = [
    ("listTitles", "One page of the matching titles."),
    ("getTitle", "The title with its episodes."),
    ("searchTitles", "One page of the matching titles, best match first."),
    ("listUpdates", "One page of all titles, latest episode first."),
    ("listPopular", "One page of all titles, most popular first."),
    ("getRandomTitle", "A random title with its episodes."),
    ("getSchedule", "Titles by day of the week."),
    ("listGenres", "The names of all genres."),
    ("getEvents", "A stream of events that does not end."),
    ("getIndex", "The name, version and paths of the service."),
    ("getHealth", "The service answers requests. The report contains the state of each dependency."),
    ("getReadiness", "The service accepts requests."),
    ("getLiveness", "The process runs."),
    ("syncTitle", "The result of the synchronisation."),
    ("getCacheStats", "The statistics of the cache."),
    ("getStats", "The statistics of the service."),
    ("clearCache", "The cache is cleared; the result is the number of removed responses."),
    ("deleteCache", "The cache is cleared; the result is the number of removed responses."),
];

/// Corrects the errors of each operation to those that it can return, and adds a description of its result.
pub(super) fn correct_operations(mut apis: Vec<MetaApi>) -> Vec<MetaApi> {
    for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
        let names_a_title = path.path.contains("{id}") || path.path.ends_with("/title");
        for operation in &mut path.operations {
            describe_result(operation);
            add_common(operation);
            remove_impossible(operation, names_a_title);
            if path.path.ends_with("/random") {
                remove_etag(operation);
            }
        }
    }
    apis
}

/// Sets the description of the successful response. The response types have no descriptions, because operations share them.
fn describe_result(operation: &mut MetaOperation) {
    let result = RESULTS.iter().find(|(id, _)| operation.operation_id == Some(id));
    for response in &mut operation.responses.responses {
        if let Some((_, description)) = result.filter(|_| response.status == Some(200)) {
            response.description = description;
        }
    }
}

/// Adds the errors that the middleware returns for all operations.
fn add_common(operation: &mut MetaOperation) {
    let responses = &mut operation.responses.responses;
    for error in Problem::meta().responses {
        let is_common = matches!(error.status, Some(414 | 431 | 500));
        if is_common && responses.iter().all(|response| response.status != error.status) {
            responses.push(error);
        }
    }
    responses.sort_by_key(|response| response.status);
}

/// Removes the `ETag` of an operation whose response differs with each request.
fn remove_etag(operation: &mut MetaOperation) {
    for response in &mut operation.responses.responses {
        response.headers.retain(|header| header.name != "ETag");
    }
}

/// Removes the errors that the operation cannot return.
fn remove_impossible(operation: &mut MetaOperation, names_a_title: bool) {
    let has_parameters = !operation.params.is_empty() || operation.request.is_some();
    let is_guarded = !operation.security.is_empty();
    operation.responses.responses.retain(|response| match response.status {
        Some(400) => has_parameters,
        Some(401 | 403) => is_guarded,
        // Requests of other services are not rate limited.
        Some(429) => !is_guarded,
        Some(404) => names_a_title,
        Some(413) => operation.request.is_some(),
        _ => true,
    });
}

/// Marks every `nullable` field as required: it is always present, as `null` if there is no value. The framework declares such
/// fields as optional, and generated clients would have to check for both.
pub(super) fn correct_schemas(schemas: &mut BTreeMap<String, MetaSchema>) {
    for schema in schemas.values_mut() {
        let mut always = Vec::with_capacity(schema.properties.len());
        for (name, property) in &mut schema.properties {
            if is_nullable(property) || schema.required.contains(name) {
                always.push(*name);
            }
            remove_repeated_part(property);
            if let MetaSchemaRef::Inline(property) = property {
                add_range(property);
                // `null` selects the default of a field that has one.
                property.nullable |= property.default.is_some();
            }
        }
        schema.required = always;
    }
}

/// Adds the range of its type to an unsigned integer without a narrower range.
fn add_range(schema: &mut MetaSchema) {
    if matches!(schema.format, Some("uint32" | "uint64")) {
        schema.minimum.get_or_insert(0.0);
    }
    if schema.format == Some("uint32") {
        schema.maximum.get_or_insert(u32::MAX.into());
    }
}

fn is_nullable(property: &MetaSchemaRef) -> bool {
    matches!(property, MetaSchemaRef::Inline(schema) if schema.nullable && schema.default.is_none())
}

/// Removes the inline schema of `allOf: [reference, inline]`, which repeats the keywords next to `allOf`.
fn remove_repeated_part(property: &mut MetaSchemaRef) {
    if let MetaSchemaRef::Inline(schema) = property
        && let [MetaSchemaRef::Reference(_), MetaSchemaRef::Inline(_)] = schema.all_of.as_slice()
    {
        schema.all_of.truncate(1);
    }
}
