//! Additions to the rendered document that the framework's model cannot express: examples, optional authentication, and
//! shared components.

use serde_json::{Map, Value, json};

use super::example;

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

/// Applies all additions to `document`.
pub(super) fn finish(document: &mut Value) {
    let mut components = document["components"].take();
    components["securitySchemes"]["UserToken"] = user_token();
    components["headers"] = headers();
    components["parameters"] = parameters();
    inline_nullable(&mut components["schemas"]);
    for (path, operations) in fields(&mut document["paths"]) {
        for (_, operation) in fields(operations) {
            permit(operation);
            permit_empty(operation);
            revalidate(operation);
            let is_limited = operation["responses"].get("429").is_some();
            if let Some(body) = operation.get_mut("requestBody") {
                plain_media_type(body);
            }
            for (status, response) in fields(&mut operation["responses"]) {
                plain_media_type(response);
                share_headers(response, status, is_limited);
                give_example(response, &components);
                share_error(response, status, &mut components);
            }
        }
        if path.starts_with("/internal/") {
            operations["servers"] = json!([{"url": "/", "description": "The service itself."}]);
        }
    }
    document["components"] = components;
}

/// Returns the fields of `value`; none if it is not an object.
fn fields(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Inlines the schemas that nullable properties refer to, because a reference to a schema that is not nullable would exclude
/// `null`.
fn inline_nullable(schemas: &mut Value) {
    let targets = schemas.clone();
    for (_, schema) in fields(schemas) {
        write_out(schema, &targets);
    }
}

fn write_out(schema: &mut Value, targets: &Value) {
    for (_, property) in schema.get_mut("properties").into_iter().flat_map(fields) {
        let target = property["allOf"][0]["$ref"].as_str().and_then(|address| address.rsplit('/').next());
        let target = target.filter(|_| property["nullable"] == true).and_then(|name| targets.get(name));
        if let (Some(Value::Object(mut whole)), Some(own)) = (target.cloned(), property.as_object_mut()) {
            own.remove("allOf");
            whole.append(own);
            if let Some(Value::Array(values)) = whole.get_mut("enum") {
                values.push(Value::Null);
            }
            *property = whole.into();
        }
        // The inlined schema may contain further references.
        write_out(property, targets);
    }
}

/// Removes the charset from the media type of JSON, which is always UTF-8.
fn plain_media_type(body: &mut Value) {
    let content = body.get_mut("content").and_then(Value::as_object_mut);
    if let Some(content) = content
        && let Some(json) = content.remove("application/json; charset=utf-8")
    {
        content.insert("application/json".to_owned(), json);
    }
}

fn user_token() -> Value {
    json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's access token: HS256, signed with `JWT_SECRET`. A user has a higher limit of their own; \
            whoever has a bad token, or none, is treated as anybody.",
    })
}

/// Returns the shared response headers.
fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    let count = |description: &str| json!({"description": description, "schema": {"type": "integer", "format": "uint32", "minimum": 0}});
    let always = |mut header: Value| {
        header["required"] = true.into();
        header
    };
    json!({
        "X-Request-ID": always(text("Id of the request, for reports and logs.")),
        "Cache-Control": always(text("How long the answer may be kept, if at all.")),
        "ETag": always(text("Names the data of the answer, for `If-None-Match`.")),
        "Retry-After": always(count("Seconds to wait before trying again.")),
        "WWW-Authenticate": always(text("The kind of token to send.")),
        "RateLimit-Limit": count("Requests a minute; absent where there is no limit."),
        "RateLimit-Remaining": count("Requests that may be sent at once from now; absent where there is no limit."),
        "RateLimit-Reset": count("Seconds until that is as many as at first; absent where there is no limit."),
    })
}

fn parameters() -> Value {
    json!({
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of an answer you have: while its data are the same, you get 304.",
            "required": false,
            "schema": {"type": "string"},
        },
    })
}

/// Declares authentication as optional for operations without required authentication.
fn permit(operation: &mut Value) {
    if operation.get("security").is_none() {
        operation["security"] = json!([{}, {"UserToken": []}]);
    }
}

/// Declares that a query parameter without a value counts as omitted.
fn permit_empty(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["in"] == "query" && parameter["required"] == false {
            parameter["allowEmptyValue"] = true.into();
        }
    }
}

/// Adds `If-None-Match` and the 304 response to operations whose response has an `ETag`.
fn revalidate(operation: &mut Value) {
    if operation["responses"]["200"]["headers"].get("ETag").is_none() {
        return;
    }
    let parameter = json!({"$ref": "#/components/parameters/If-None-Match"});
    match &mut operation["parameters"] {
        Value::Array(parameters) => parameters.push(parameter),
        none => *none = json!([parameter]),
    }
    let headers = json!({"X-Request-ID": {}, "ETag": {}});
    operation["responses"]["304"] =
        json!({"description": "The data are those that `If-None-Match` names.", "headers": headers});
    if let Some(responses) = operation["responses"].as_object_mut() {
        responses.sort_keys();
    }
}

/// Declares the headers of a response, as references to the shared headers.
fn share_headers(response: &mut Value, status: &str, is_limited: bool) {
    let mut names = vec!["X-Request-ID", "Cache-Control"];
    names.extend(["ETag", "Retry-After"].into_iter().filter(|name| response["headers"].get(name).is_some()));
    if status == "401" {
        names.push("WWW-Authenticate");
    }
    // Error responses are shared by operations with and without a rate limit.
    if (is_limited || is_error(response)) && !matches!(status, "401" | "403") {
        names.extend(["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]);
    }
    let reference = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    response["headers"] =
        names.into_iter().map(|name| (name.to_owned(), reference(name))).collect::<Map<_, _>>().into();
}

fn give_example(response: &mut Value, components: &Value) {
    for (_, content) in response.get_mut("content").into_iter().flat_map(fields) {
        if content["schema"]["$ref"] != ERROR {
            content["example"] = example::of(&content["schema"], components);
        }
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

fn is_error(response: &Value) -> bool {
    response["content"]["application/json"]["schema"]["$ref"] == ERROR
}
