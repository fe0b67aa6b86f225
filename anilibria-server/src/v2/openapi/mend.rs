//! Says in the document what the framework does not know about our routes and models.

use std::collections::BTreeMap;

use anilibria_http::problem::Problem;
use poem_openapi::{
    ApiResponse as _,
    registry::{MetaApi, MetaOperation, MetaSchema, MetaSchemaRef},
};

/// Gives each operation the errors it can answer, and no others.
pub(super) fn operations(mut apis: Vec<MetaApi>) -> Vec<MetaApi> {
    for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
        let names_a_title = path.path.contains("{id}") || path.path.ends_with("/title");
        for operation in &mut path.operations {
            add_common(operation);
            keep_possible(operation, names_a_title);
            if path.path.ends_with("/random") {
                take_tag(operation);
            }
        }
    }
    apis
}

/// Adds the errors that come from around the routes to operations whose routes cannot fail.
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

/// Takes the tag from an answer that is made anew each time.
fn take_tag(operation: &mut MetaOperation) {
    for response in &mut operation.responses.responses {
        response.headers.retain(|header| header.name != "ETag");
    }
}

fn keep_possible(operation: &mut MetaOperation, names_a_title: bool) {
    let has_parameters = !operation.params.is_empty() || operation.request.is_some();
    let is_guarded = !operation.security.is_empty();
    operation.responses.responses.retain(|response| match response.status {
        Some(400) => has_parameters,
        Some(401 | 403) => is_guarded,
        // Other services are not counted.
        Some(429) => !is_guarded,
        Some(404) => names_a_title,
        Some(413) => operation.request.is_some(),
        _ => true,
    });
}

/// Lists every `nullable` field as required: it is always sent, as `null` when there is no value. The framework takes
/// such fields for ones that may be missing, which clients in typed languages would have to check for twice.
pub(super) fn schemas(schemas: &mut BTreeMap<String, MetaSchema>) {
    for schema in schemas.values_mut() {
        demand_confirmation(schema);
        let mut always = Vec::with_capacity(schema.properties.len());
        for (name, property) in &mut schema.properties {
            if is_nullable(property) || schema.required.contains(name) {
                always.push(*name);
            }
            unrepeat(property);
            if let MetaSchemaRef::Inline(property) = property {
                bound(property);
                // Where there is a default, `null` stands for it.
                property.nullable |= property.default.is_some();
            }
        }
        schema.required = always;
    }
}

/// Says of an integer what its type can hold, where nothing narrower is said.
fn bound(schema: &mut MetaSchema) {
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

/// Says of what must be confirmed that only `true` will do.
fn demand_confirmation(schema: &mut MetaSchema) {
    for (name, property) in &mut schema.properties {
        if *name == "confirm"
            && let MetaSchemaRef::Inline(property) = property
        {
            property.default = None;
            property.enum_items = vec![true.into()];
            schema.required.push(name);
        }
    }
}

/// Drops the second part of `allOf: [reference, same again]`, which repeats what stands beside it.
fn unrepeat(property: &mut MetaSchemaRef) {
    if let MetaSchemaRef::Inline(schema) = property
        && let [MetaSchemaRef::Reference(_), MetaSchemaRef::Inline(_)] = schema.all_of.as_slice()
    {
        schema.all_of.truncate(1);
    }
}
