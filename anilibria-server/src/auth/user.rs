//! Users of the site, identified by the tokens of the site.

use std::{fmt, sync::Arc, time::SystemTime};

use anilibria_http::User;
use async_trait::async_trait;
use poem::Request;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tracing::debug;

use super::{
    bearer,
    token::{self, Keys, TokenError},
};
use crate::config::AuthConfig;

/// Additional check of users by the service that issued their tokens.
#[async_trait]
pub trait Validator: fmt::Debug + Send + Sync + 'static {
    /// Returns true if the service accepts `token`, the token of the user `id`.
    ///
    /// # Errors
    ///
    /// Returns an error if the service cannot be called.
    async fn is_valid(&self, id: u64, token: &str) -> anyhow::Result<bool>;
}

/// Identifies users by their tokens.
#[derive(Clone, Debug, Default)]
pub struct Users {
    keys: Keys,
    /// Additional check, if configured.
    validator: Option<Arc<dyn Validator>>,
}

impl Users {
    /// Creates the authentication with the secrets of `config`. Without a secret, no user is identified.
    pub fn new(config: &AuthConfig) -> Self {
        Self { keys: Keys::new([&config.jwt_secret, &config.jwt_secret_previous]), validator: None }
    }

    /// Sets the additional check that [`authenticate`](Self::authenticate) makes.
    #[must_use]
    pub fn validated_by(self, validator: Option<Arc<dyn Validator>>) -> Self {
        Self { validator, ..self }
    }

    /// Returns the user of `token`, if the token is valid.
    ///
    /// # Errors
    ///
    /// Returns an error if the token is not valid.
    pub fn verify(&self, token: &str) -> Result<User, TokenError> {
        verify(&self.keys, token, SystemTime::now())
    }

    /// Returns the user of `token`, if the token is valid and the validator accepts the user. Without a validator, or if the
    /// validator fails, the token alone decides, so that an outage of the validator locks no user out.
    ///
    /// # Errors
    ///
    /// Returns an error if the token is not valid, or if the validator rejects the user.
    pub async fn authenticate(&self, token: &str) -> Result<User, TokenError> {
        let user = self.verify(token)?;
        let Some(validator) = &self.validator else { return Ok(user) };
        match validator.is_valid(user.id, token).await {
            Ok(true) => Ok(user),
            Ok(false) => Err(TokenError::Revoked),
            Err(error) => {
                debug!(%error, user_id = user.id, "user validation failed, token accepted");
                Ok(user)
            }
        }
    }

    /// Adds the user of the token to the extensions of `request`. A request without a valid token stays anonymous: reads need no
    /// user, and the pages of the site treat an error as the end of the session.
    pub fn attach_user(&self, request: &mut Request) {
        if self.keys.is_empty() {
            return;
        }
        let user = bearer(request.headers()).map(|token| self.verify(token));
        if let Some(Ok(user)) = user {
            request.set_data(user);
        }
    }
}

/// Returns the user of `token`, if it is an access token that is valid at `now`.
///
/// # Errors
///
/// Returns an error if the token is not valid, or not an access token.
pub fn verify(keys: &Keys, token: &str, now: SystemTime) -> Result<User, TokenError> {
    let claims: Claims = token::claims(keys, token, now)?;
    // A refresh token can be signed with the same secret.
    if claims.kind.is_some_and(|kind| kind != "access") {
        return Err(TokenError::Claims);
    }
    let id = claims.id.or(claims.sub).and_then(Id::number).ok_or(TokenError::Claims)?;
    Ok(User { id })
}

#[derive(Deserialize)]
struct Claims {
    id: Option<Id>,
    sub: Option<Id>,
    #[serde(rename = "type", default, deserialize_with = "present")]
    kind: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

impl Id {
    fn number(self) -> Option<u64> {
        match self {
            Self::Number(id) => Some(id),
            Self::Text(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
            Self::Text(_) => None,
        }
    }
}

/// Deserialises a field that is present, even if its value is `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::token::tests::{NOW, SECRET, keys, now, token};

    fn user(mut claims: Value) -> Result<u64, TokenError> {
        claims["exp"] = json!(NOW + 900);
        verify(&keys(&[SECRET]), &token(&claims), now()).map(|user| user.id)
    }

    #[test]
    fn user_is_read_from_id_or_subject() {
        assert_eq!(user(json!({"id": 7, "iat": NOW})), Ok(7));
        assert_eq!(user(json!({"id": "7"})), Ok(7));
        assert_eq!(user(json!({"sub": "7"})), Ok(7));
        assert_eq!(user(json!({"id": 7, "sub": "8"})), Ok(7));
        assert_eq!(user(json!({"id": 7, "type": "access"})), Ok(7));
    }

    #[test]
    fn refresh_token_and_token_without_a_user_are_rejected() {
        for claims in [
            json!({"id": 7, "type": "refresh"}),
            json!({"id": 7, "type": null}),
            json!({"id": 7, "type": 1}),
            json!({}),
            json!({"id": -1}),
            json!({"id": 1.5}),
            json!({"id": "+7"}),
            json!({"id": ""}),
            json!({"id": "seven", "sub": "8"}),
            json!({"id": "99999999999999999999"}),
            json!({"id": {"$ne": 0}}),
        ] {
            assert_eq!(user(claims.clone()), Err(TokenError::Claims), "{claims}");
        }
    }

    fn attached(users: &Users, authorization: &str) -> Option<User> {
        let mut request = Request::builder().header("authorization", authorization).finish();
        users.attach_user(&mut request);
        request.data::<User>().copied()
    }

    #[test]
    fn user_of_a_valid_token_is_attached_to_the_request() {
        let users = Users { keys: keys(&[SECRET]), validator: None };
        let token = token(&json!({"id": 7, "exp": 99_999_999_999_u64}));

        assert_eq!(attached(&users, &format!("Bearer {token}")), Some(User { id: 7 }));
        assert_eq!(attached(&users, &format!("bearer {token}")), Some(User { id: 7 }));
        assert_eq!(attached(&users, &format!("Basic {token}")), None);
        assert_eq!(attached(&users, "Bearer x"), None);
        assert_eq!(attached(&Users::default(), &format!("Bearer {token}")), None);
    }
}
