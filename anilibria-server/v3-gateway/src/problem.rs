//! Error responses in the two formats of the old API v3: its own, and that of the old site's pages.

use anilibria_http::problem::Problem;
use poem::{Body, Response, http::StatusCode};
use serde::Serialize;

/// Status of every response for a server error. The body has the actual code.
const SERVER_ERROR_STATUS: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

#[derive(Serialize)]
struct ErrorBody<'p> {
    error: ErrorDetails<'p>,
}

#[derive(Serialize)]
struct ErrorDetails<'p> {
    code: u16,
    message: &'p str,
}

#[derive(Serialize)]
struct SiteBody<'p> {
    err: &'static str,
    mes: &'p str,
    key: &'static str,
}

/// Returns the response to a client of API v3.
pub(crate) fn api_response(problem: &Problem) -> Response {
    let code = status(problem);
    let body = ErrorBody { error: ErrorDetails { code: code.as_u16(), message: &problem.to_string() } };
    problem.respond_as(sent_status(code), Body::from_json(&body).unwrap_or_default())
}

/// Returns the response to a client of the old site's own pages (`/public/*.php`).
pub(crate) fn site_response(problem: &Problem) -> Response {
    let body = SiteBody { err: "error", mes: &problem.to_string(), key: site_key(problem) };
    problem.respond_as(sent_status(status(problem)), Body::from_json(&body).unwrap_or_default())
}

/// Returns the status in the terms of v3, where an invalid parameter is a failed precondition.
fn status(problem: &Problem) -> StatusCode {
    match problem {
        Problem::InvalidParameters { .. } => StatusCode::PRECONDITION_FAILED,
        other => other.status(),
    }
}

fn site_key(problem: &Problem) -> &'static str {
    match problem {
        Problem::InvalidParameters { .. } => "empty",
        Problem::Unauthorized { .. } => "authorized",
        Problem::NotFound | Problem::Missing { .. } | Problem::TitleNotFound { .. } => "notFound",
        Problem::RateLimited { .. } => "tooMany",
        problem if problem.status().is_server_error() => "unavailable",
        _ => "invalidRequest",
    }
}

fn sent_status(code: StatusCode) -> StatusCode {
    if code.is_server_error() { SERVER_ERROR_STATUS } else { code }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    async fn read(response: Response) -> (u16, Value) {
        assert_eq!(response.content_type(), Some(anilibria_http::rendered::JSON));
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.into_body().into_string().await.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn invalid_parameter_is_a_failed_precondition_with_its_name() {
        let response = read(api_response(&Problem::invalid("limit", "must be a whole number"))).await;

        let message = "parameter `limit` must be a whole number";
        assert_eq!(response, (412, json!({"error": {"code": 412, "message": message}})));
    }

    #[tokio::test]
    async fn server_error_is_sent_as_500_with_the_actual_code_in_the_body() {
        let problem = Problem::Unavailable { retry_after: Duration::from_secs(1), cause: "hunter2".into() };

        let response = read(api_response(&problem)).await;

        assert_eq!(response, (500, json!({"error": {"code": 503, "message": "service unavailable"}})));
    }

    #[tokio::test]
    async fn pages_of_the_old_site_have_their_own_error_format() {
        let response = read(site_response(&Problem::NotFound)).await;

        assert_eq!(response, (404, json!({"err": "error", "mes": "no such path", "key": "notFound"})));
    }
}
