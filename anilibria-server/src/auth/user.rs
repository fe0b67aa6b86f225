//! Users of the site, as the site's own tokens name them.

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

/// Decides about users beyond their token: the service that issued the tokens.
#[async_trait]
pub trait Validator: fmt::Debug + Send + Sync + 'static {
    /// True if the user `id`, who sent `token`, may come in.
    ///
    /// # Errors
    ///
    /// The service cannot be asked.
    async fn is_valid(&self, id: u64, token: &str) -> anyhow::Result<bool>;
}

/// Recognises users.
#[derive(Clone, Debug, Default)]
pub struct Users {
    keys: Keys,
    /// Asked about users, if tokens alone do not suffice.
    validator: Option<Arc<dyn Validator>>,
}

impl Users {
    /// Recognises users by the secret of `config`; nobody when there is none.
    pub fn new(config: &AuthConfig) -> Self {
        Self { keys: Keys::new([&config.jwt_secret, &config.jwt_secret_previous]), validator: None }
    }

    /// Also asks `validator` about users who [authenticate](Self::vouched).
    #[must_use]
    pub fn asking(self, validator: Option<Arc<dyn Validator>>) -> Self {
        Self { validator, ..self }
    }

    /// The user whom `token` names.
    pub fn known(&self, token: &str) -> Result<User, TokenError> {
        verify(&self.keys, token, SystemTime::now())
    }

    /// The user whom `token` names, unless the Node service, where it is asked, does not let them in. What it cannot be
    /// asked about just then is left at that: nobody stays outside because it is away.
    pub async fn vouched(&self, token: &str) -> Result<User, TokenError> {
        let user = self.known(token)?;
        let Some(validator) = &self.validator else { return Ok(user) };
        match validator.is_valid(user.id, token).await {
            Ok(true) => Ok(user),
            Ok(false) => Err(TokenError::Withdrawn),
            Err(error) => {
                debug!(%error, "user cannot be validated");
                Ok(user)
            }
        }
    }

    /// Notes who sends `request`. Whoever has a bad token, or none, is nobody: all may read, and the site's pages take a
    /// refusal for the end of the login.
    pub fn recognise(&self, request: &mut Request) {
        if self.keys.is_empty() {
            return;
        }
        let user = bearer(request.headers()).map(|token| self.known(token));
        if let Some(Ok(user)) = user {
            request.set_data(user);
        }
    }
}

/// The user whom `token` names, if it is an access token.
pub fn verify(keys: &Keys, token: &str, now: SystemTime) -> Result<User, TokenError> {
    let claims: Claims = token::claims(keys, token, now)?;
    // A refresh token may be signed with the same secret.
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

/// What is there, also when it is `null`.
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
    fn user_is_named_by_id_or_subject() {
        assert_eq!(user(json!({"id": 7, "iat": NOW})), Ok(7));
        assert_eq!(user(json!({"id": "7"})), Ok(7));
        assert_eq!(user(json!({"sub": "7"})), Ok(7));
        assert_eq!(user(json!({"id": 7, "sub": "8"})), Ok(7));
        assert_eq!(user(json!({"id": 7, "type": "access"})), Ok(7));
    }

    #[test]
    fn token_that_is_not_for_access_or_names_nobody_is_refused() {
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

    fn recognised(users: &Users, authorization: &str) -> Option<User> {
        let mut request = Request::builder().header("authorization", authorization).finish();
        users.recognise(&mut request);
        request.data::<User>().copied()
    }

    #[test]
    fn request_with_a_good_token_is_the_users() {
        let users = Users { keys: keys(&[SECRET]), validator: None };
        let token = token(&json!({"id": 7, "exp": 99_999_999_999_u64}));

        assert_eq!(recognised(&users, &format!("Bearer {token}")), Some(User { id: 7 }));
        assert_eq!(recognised(&users, &format!("bearer {token}")), Some(User { id: 7 }));
        assert_eq!(recognised(&users, &format!("Basic {token}")), None);
        assert_eq!(recognised(&users, "Bearer x"), None);
        assert_eq!(recognised(&Users::default(), &format!("Bearer {token}")), None);
    }
}
