//! Changes of the rendered document that the framework's model cannot express: examples, optional authentication, the order of
//! tags, and shared components.

use serde_json::{Map, Value, json};

use super::{example, shared};

/// Reference of the schema of all errors.
const ERROR: &str = "#/components/schemas/Error";

/// Names of shared error responses, by status.
const ERRORS: [(&str, &str); 12] = [
    ("400", "InvalidParameters"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("404", "TitleNotFound"),
    ("413", "PayloadTooLarge"),
    ("414", "UriTooLong"),
    ("429", "RateLimitExceeded"),
    ("431", "HeadersTooLarge"),
    ("500", "InternalError"),
    ("502", "UpstreamError"),
    ("503", "ServiceUnavailable"),
    ("504", "UpstreamTimeout"),
];

/// Tags in the order of the document. The framework sorts them by name.
const TAGS: [&str; 6] = ["Titles", "Lists", "Reference", "Events", "Service", "Internal"];

/// Applies all changes to `document`.
pub(super) fn postprocess(document: &mut Value) {
    sort_tags(&mut document["tags"]);
    let mut components = document["components"].take();
    components["securitySchemes"]["UserToken"] = shared::user_token();
    components["headers"] = shared::headers();
    components["parameters"] = shared::parameters();
    accept_null(&mut components["schemas"]);
    for (path, operations) in fields(&mut document["paths"]) {
        for (_, operation) in fields(operations) {
            let is_limited = operation["responses"].get("429").is_some();
            declare_security(operation, is_limited);
            describe_parameters(operation);
            declare_revalidation(operation);
            if let Some(body) = operation.get_mut("requestBody") {
                forbid_unknown(body, &mut components["schemas"]);
            }
            for (status, response) in fields(&mut operation["responses"]) {
                plain_media_type(response);
                share_headers(response, status, is_limited, &components);
                add_example(response, &components);
                share_error(response, status, &mut components);
            }
        }
        if path.starts_with("/internal/") {
            operations["servers"] =
                json!([{"url": "/", "description": "The service itself, without the proxy."}]);
        }
    }
    document["components"] = components;
}

fn sort_tags(tags: &mut Value) {
    if let Value::Array(tags) = tags {
        tags.sort_by_key(|tag| TAGS.iter().position(|name| tag["name"] == *name));
    }
}

/// Returns the fields of `value`; none if it is not an object.
fn fields(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Makes `null` a valid value of nullable properties that refer to another schema. `nullable` next to a reference has no effect:
/// the referred schema decides.
///
/// A referred object becomes nullable itself, because all properties that refer to it are nullable. Generators then create one
/// type for it. A referred enumeration is inlined, because properties that are not nullable refer to it as well.
fn accept_null(schemas: &mut Value) {
    let targets = schemas.clone();
    let mut objects = Vec::new();
    for (_, schema) in fields(schemas) {
        for (_, property) in schema.get_mut("properties").into_iter().flat_map(fields) {
            let target = property["allOf"][0]["$ref"].as_str().and_then(|address| address.rsplit('/').next());
            let target = target.filter(|_| property["nullable"] == true);
            let target = target.and_then(|name| Some((name.to_owned(), targets.get(name)?)));
            let Some((name, schema)) = target else { continue };
            if schema["type"] == "object" {
                objects.push(name);
                remove(property, "nullable");
            } else {
                inline(property, schema);
            }
        }
    }
    for object in objects {
        schemas[object]["nullable"] = true.into();
    }
}

/// Removes the field `name` of `value` and returns it.
fn remove(value: &mut Value, name: &str) -> Option<Value> {
    value.as_object_mut()?.remove(name)
}

/// Replaces the reference to the enumeration `schema` in the nullable `property` with its values and `null`.
fn inline(property: &mut Value, schema: &Value) {
    remove(property, "allOf");
    property["type"] = schema["type"].clone();
    property["enum"] = schema["enum"].clone();
    if let Value::Array(values) = &mut property["enum"] {
        values.push(Value::Null);
    }
}

/// Declares that a request body has no other fields than the documented ones.
fn forbid_unknown(body: &mut Value, schemas: &mut Value) {
    let address = body["content"]["application/json"]["schema"]["$ref"].as_str();
    if let Some(schema) =
        address.and_then(|address| address.rsplit('/').next()).and_then(|name| schemas.get_mut(name))
    {
        schema["additionalProperties"] = false.into();
    }
}

/// Removes the charset from the media type of JSON, which is always UTF-8.
fn plain_media_type(response: &mut Value) {
    let content = response.get_mut("content").and_then(Value::as_object_mut);
    if let Some(content) = content
        && let Some(json) = content.remove("application/json; charset=utf-8")
    {
        content.insert("application/json".to_owned(), json);
    }
}

/// Declares the token of a user as optional for operations with a rate limit, because the token only selects the quota. Other
/// operations need no token, unless they require that of a service.
fn declare_security(operation: &mut Value, is_limited: bool) {
    if operation.get("security").is_none() {
        operation["security"] = if is_limited { json!([{}, {"UserToken": []}]) } else { json!([]) };
    }
}

/// Moves the example of each parameter from its schema to the parameter, where Swagger UI and generators expect it. Also declares
/// that an optional query parameter may be empty.
fn describe_parameters(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(example) = remove(&mut parameter["schema"], "example") {
            parameter["example"] = example;
        }
        if parameter["in"] == "query" && parameter["required"] == false {
            parameter["allowEmptyValue"] = true.into();
        }
    }
}

/// Adds `If-None-Match` and the 304 response to operations whose response has an `ETag`.
fn declare_revalidation(operation: &mut Value) {
    if operation["responses"]["200"]["headers"].get("ETag").is_none() {
        return;
    }
    let parameter = json!({"$ref": "#/components/parameters/If-None-Match"});
    match &mut operation["parameters"] {
        Value::Array(parameters) => parameters.push(parameter),
        none => *none = json!([parameter]),
    }
    let headers = json!({"X-Request-ID": {}, "ETag": {}});
    operation["responses"]["304"] = json!({"description": "The data are the same as those of the response with the `ETag` in `If-None-Match`. The response has no body.", "headers": headers});
    if let Some(responses) = operation["responses"].as_object_mut() {
        responses.sort_keys();
    }
}

/// Declares the headers of a response, as references to the shared headers.
fn share_headers(response: &mut Value, status: &str, is_limited: bool, components: &Value) {
    let mut names = vec!["X-Request-ID", "Cache-Control"];
    if is_page(response, components) {
        names.push("Link");
    }
    names.extend(["ETag", "Retry-After"].into_iter().filter(|name| response["headers"].get(name).is_some()));
    if status == "401" {
        names.push("WWW-Authenticate");
    }
    // Operations with and without a rate limit share the error responses.
    if (is_limited || is_error(response)) && !matches!(status, "401" | "403") {
        names.extend(shared::QUOTA_HEADERS);
    }
    if is_limited && !is_error(response) {
        names.push("X-Unknown-Parameters");
    }
    let reference = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    response["headers"] =
        names.into_iter().map(|name| (name.to_owned(), reference(name))).collect::<Map<_, _>>().into();
}

/// Adds an example to each media type of a successful response.
fn add_example(response: &mut Value, components: &Value) {
    if is_error(response) {
        return;
    }
    for (_, content) in response.get_mut("content").into_iter().flat_map(fields) {
        content["example"] = example::of(&content["schema"], components);
    }
}

/// Moves an error response to the shared components and refers to it.
fn share_error(response: &mut Value, status: &str, components: &mut Value) {
    let name = ERRORS.iter().find(|(of, _)| *of == status).map(|(_, name)| name);
    if let Some(name) = name.filter(|_| is_error(response)) {
        let reference = json!({"$ref": format!("#/components/responses/{name}")});
        components["responses"][name] = std::mem::replace(response, reference);
    }
}

/// Returns true if the body of `response` is the error envelope.
fn is_error(response: &Value) -> bool {
    response["content"]["application/json"]["schema"]["$ref"] == ERROR
}

/// Returns true if the body of `response` is a page of a list.
fn is_page(response: &Value, components: &Value) -> bool {
    let schema = example::resolve(&response["content"]["application/json"]["schema"], components);
    schema["properties"].get("pagination").is_some()
}
