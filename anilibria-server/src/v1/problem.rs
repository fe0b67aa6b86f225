//! Error responses of API v1. They contain the message twice: in `error` and at the top level.

use anilibria_http::{
    envelope::ErrorContext,
    problem::{ErrorCode, Problem},
};
use poem::{Body, Response};
use serde::Serialize;

#[derive(Serialize)]
struct ErrorBody<'p> {
    success: bool,
    error: ErrorDetails<'p>,
    message: &'p str,
}

#[derive(Serialize)]
struct ErrorDetails<'p> {
    message: &'p str,
    code: ErrorCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<ErrorContext>,
}

/// Returns the error response for a request of API v1.
pub fn error_response(problem: &Problem) -> Response {
    let message = problem.message();
    let details = Some(problem.context()).filter(|context| *context != ErrorContext::default());
    let error = ErrorDetails { message: &message, code: problem.code(), details };
    let body = ErrorBody { success: false, error, message: &message };
    problem.respond(Body::from_json(&body).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn body_of(problem: Problem) -> Value {
        let text = error_response(&problem).into_body().into_string().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn message_is_in_the_error_and_at_the_top_level() {
        let body = body_of(Problem::NotFound).await;

        let message = "По этому адресу ничего нет";
        let error = json!({"message": message, "code": "NOT_FOUND"});
        assert_eq!(body, json!({"success": false, "error": error, "message": message}));
    }

    #[tokio::test]
    async fn details_of_the_problem_are_in_details() {
        let body = body_of(Problem::invalid("limit", "must be a number")).await;

        assert_eq!(body["error"]["details"], json!({"field": "limit", "reason": "must be a number"}));
    }
}
