//! Validation of users by the Node service.

use std::time::Duration;

use async_trait::async_trait;
use poem::http::Method;
use serde_json::{Value, json};

use super::{NodeError, NodeService, call::Call, response};
use crate::auth::Validator;

/// Timeout of one call. It is short because the client waits for its WebSocket command to be answered.
const TIMEOUT: Duration = Duration::from_secs(1);

impl NodeService {
    /// Returns true if the Node service accepts `token`, the token of a user of the site.
    ///
    /// # Errors
    ///
    /// Returns an error if the call fails, or if the response does not say whether the user is valid.
    pub async fn validate_token(&self, token: &str) -> Result<bool, NodeError> {
        const PATH: &str = "/internal/auth/validate";
        self.send_validation(self.call(Method::POST, PATH, PATH).json(&json!({ "token": token }))).await
    }

    /// Returns true if the Node service accepts the user `id`.
    ///
    /// # Errors
    ///
    /// Returns an error if the call fails, or if the response does not say whether the user is valid.
    pub async fn validate_user(&self, id: u64) -> Result<bool, NodeError> {
        let path = format!("/internal/users/validate/{id}");
        self.send_validation(self.call(Method::GET, "/internal/users/validate/{user_id}", &path)).await
    }

    /// Returns true if the Node service accepts `token`. Some versions of the Node service cannot validate tokens; they validate
    /// the user `id` instead.
    ///
    /// # Errors
    ///
    /// Returns an error if the call fails, or if the response does not say whether the user is valid.
    pub async fn validate(&self, id: u64, token: &str) -> Result<bool, NodeError> {
        match self.validate_token(token).await {
            Err(NodeError::Status { status: 404 }) => self.validate_user(id).await,
            result => result,
        }
    }

    /// Sends `call` through the circuit breaker and reads the result of the validation from the response.
    async fn send_validation(&self, call: Call) -> Result<bool, NodeError> {
        let permit = self.permit()?;
        let body = call.send(TIMEOUT, response::read_json).await;
        self.report(Some(permit), body.as_ref().err());
        is_valid(&body?).ok_or_else(|| NodeError::invalid("it does not say whether the user is valid"))
    }
}

#[async_trait]
impl Validator for NodeService {
    async fn is_valid(&self, id: u64, token: &str) -> anyhow::Result<bool> {
        Ok(self.validate(id, token).await?)
    }
}

/// Returns the first of `data.valid`, `valid` and `success` in `body`; `None` if it contains none of them.
fn is_valid(body: &Value) -> Option<bool> {
    let flag = |value: &Value, name| value.get(name).and_then(Value::as_bool);
    let inner = body.get("data").and_then(|data| flag(data, "valid"));
    inner.or_else(|| flag(body, "valid")).or_else(|| flag(body, "success"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_is_read_from_each_known_field() {
        for (body, result) in [
            (json!({"valid": true}), Some(true)),
            (json!({"valid": false, "success": true}), Some(false)),
            (json!({"success": true, "data": {"valid": false}}), Some(false)),
            (json!({"success": true, "data": {"id": 7}}), Some(true)),
            (json!({"success": false, "error": "no such user"}), Some(false)),
            (json!({"valid": "yes"}), None),
            (json!([]), None),
        ] {
            assert_eq!(is_valid(&body), result, "{body}");
        }
    }
}
