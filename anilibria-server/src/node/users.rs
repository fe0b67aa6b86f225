//! Validation of users by the Node service.

use std::time::Duration;

use async_trait::async_trait;
use poem::http::Method;
use serde_json::{Value, json};

use super::{NodeError, NodeService, answer, call::Call};
use crate::auth::Validator;

/// Maximum time of one validation. It is short because a user waits for the connection.
const TIMEOUT: Duration = Duration::from_secs(1);

impl NodeService {
    /// Returns true if the Node service accepts `token`, which is one of a user of the site.
    ///
    /// # Errors
    ///
    /// Returns an error if the call fails, or if the answer contains no verdict.
    pub async fn validate_token(&self, token: &str) -> Result<bool, NodeError> {
        const PATH: &str = "/internal/auth/validate";
        self.verdict(self.call(Method::POST, PATH, PATH).json(&json!({ "token": token }))).await
    }

    /// Returns true if the Node service admits the user `id`.
    ///
    /// # Errors
    ///
    /// Returns an error if the call fails, or if the answer contains no verdict.
    pub async fn validate_user(&self, id: u64) -> Result<bool, NodeError> {
        let path = format!("/internal/users/validate/{id}");
        self.verdict(self.call(Method::GET, "/internal/users/validate/{user_id}", &path)).await
    }

    /// Returns true if the Node service admits the user `id`, who sent `token`. Some versions of it do not validate tokens;
    /// they are asked about the user alone.
    ///
    /// # Errors
    ///
    /// Returns an error if the call fails, or if the answer contains no verdict.
    pub async fn vouches_for(&self, id: u64, token: &str) -> Result<bool, NodeError> {
        match self.validate_token(token).await {
            Err(NodeError::Status { status: 404 }) => self.validate_user(id).await,
            verdict => verdict,
        }
    }

    async fn verdict(&self, call: Call) -> Result<bool, NodeError> {
        let permit = self.permit()?;
        let answer = call.within(TIMEOUT, answer::json).await;
        self.report(Some(permit), answer.as_ref().err());
        is_valid(&answer?).ok_or_else(|| NodeError::refused("it does not say whether the user is valid"))
    }
}

#[async_trait]
impl Validator for NodeService {
    async fn is_valid(&self, id: u64, token: &str) -> anyhow::Result<bool> {
        Ok(self.vouches_for(id, token).await?)
    }
}

/// Returns the verdict in `answer`: `data.valid`, `valid` or `success`, in this order.
fn is_valid(answer: &Value) -> Option<bool> {
    let flag = |value: &Value, name| value.get(name).and_then(Value::as_bool);
    let inner = answer.get("data").and_then(|data| flag(data, "valid"));
    inner.or_else(|| flag(answer, "valid")).or_else(|| flag(answer, "success"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_is_found_wherever_it_may_be() {
        for (answer, verdict) in [
            (json!({"valid": true}), Some(true)),
            (json!({"valid": false, "success": true}), Some(false)),
            (json!({"success": true, "data": {"valid": false}}), Some(false)),
            (json!({"success": true, "data": {"id": 7}}), Some(true)),
            (json!({"success": false, "error": "no such user"}), Some(false)),
            (json!({"valid": "yes"}), None),
            (json!([]), None),
        ] {
            assert_eq!(is_valid(&answer), verdict, "{answer}");
        }
    }
}
