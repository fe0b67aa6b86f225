//! Other services, and their permissions.

use std::{sync::Arc, time::SystemTime};

use anilibria_http::{
    clients::IdentifyService,
    problem::{ErrorCode, Problem},
    router::RouteTable,
};
use poem::{EndpointExt as _, http::HeaderMap};
use serde::Deserialize;

use super::{
    bearer,
    token::{self, Keys, TokenError},
};
use crate::config::{AuthConfig, ServiceNames};

/// A permission of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Reading data.
    Read,
    /// Changing the contents of the cache.
    Write,
}

impl Permission {
    /// Returns the name of the permission in a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Authenticates and authorises other services. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    keys: Keys,
    allowed: ServiceNames,
}

#[derive(Deserialize)]
struct Claims {
    service: String,
    permissions: Vec<String>,
}

impl Services {
    /// Creates the authentication with the secrets of `config`; `None` without a secret, in which case no service is authorised.
    pub fn new(config: &AuthConfig) -> Option<Self> {
        let keys = Keys::new([&config.internal_jwt_secret, &config.internal_jwt_secret_previous]);
        (!keys.is_empty()).then(|| Self { keys, allowed: config.allowed_services.clone() })
    }

    /// Attaches this authentication to all routes of `table`. The routes check it with [`super::AuthorizedService`].
    #[must_use]
    pub fn attach_to(&self, mut table: RouteTable) -> RouteTable {
        for endpoint in table.values_mut().flat_map(|methods| methods.values_mut()) {
            let inner = std::mem::replace(endpoint, poem::Route::new().boxed());
            *endpoint = inner.data(self.clone()).map_to_response().boxed();
        }
        table
    }

    /// Returns the name of the service whose token is in `headers`; `None` without a valid token of an allowed service.
    pub fn identify(&self, headers: &HeaderMap) -> Option<String> {
        let claims: Claims = token::claims(&self.keys, bearer(headers)?, SystemTime::now()).ok()?;
        Some(claims.service).filter(|service| self.allowed.contains(service))
    }

    /// Returns [`identify`](Self::identify) as a function, for [`Clients`](anilibria_http::clients::Clients).
    pub fn into_identify(self) -> IdentifyService {
        Arc::new(move |headers| self.identify(headers))
    }

    /// Checks that the service whose token is in `headers` has `permission`.
    ///
    /// # Errors
    ///
    /// [`Problem::Unauthorized`] without a valid token, and [`Problem::Forbidden`] if the service is not allowed or lacks the
    /// permission.
    pub fn authorize(
        &self,
        headers: &HeaderMap,
        permission: Permission,
        now: SystemTime,
    ) -> Result<(), Problem> {
        let Some(token) = bearer(headers) else {
            return Err(Problem::Unauthorized {
                message: "Missing internal service token",
                code: ErrorCode::Unauthorized,
            });
        };
        let invalid = |error: TokenError| Problem::Unauthorized {
            message: "Invalid internal service token",
            code: error.code(),
        };
        let claims: Claims = token::claims(&self.keys, token, now).map_err(invalid)?;
        if !self.allowed.contains(&claims.service) {
            return Err(Problem::Forbidden { message: "Service not authorized" });
        }
        if !claims.permissions.iter().any(|granted| granted == permission.as_str()) {
            return Err(Problem::Forbidden { message: "Permission not granted" });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anilibria_http::problem::ErrorCode;
    use poem::http::{HeaderValue, header};
    use serde_json::{Value, json};

    use super::*;
    use crate::auth::token::tests::{NOW, SECRET, keys, now, token};

    fn authorize(authorization: Option<String>, permission: Permission) -> Result<(), (u16, ErrorCode)> {
        let services = Services { keys: keys(&[SECRET]), allowed: "nodejs, other".parse().unwrap() };
        let value = authorization.map(|text| (header::AUTHORIZATION, HeaderValue::try_from(text).unwrap()));
        let authorized = services.authorize(&value.into_iter().collect(), permission, now());
        authorized.map_err(|problem| (problem.status().as_u16(), problem.code()))
    }

    fn authorize_claims(claims: &Value, permission: Permission) -> Result<(), (u16, ErrorCode)> {
        authorize(Some(format!("Bearer {}", token(claims))), permission)
    }

    #[test]
    fn allowed_service_has_the_permissions_of_its_token() {
        let claims = json!({"service": "nodejs", "permissions": ["read", "notify"], "exp": NOW + 60});

        assert_eq!(authorize_claims(&claims, Permission::Read), Ok(()));
        assert_eq!(authorize_claims(&claims, Permission::Write), Err((403, ErrorCode::Forbidden)));
    }

    #[test]
    fn unknown_services_and_invalid_tokens_are_rejected() {
        for (claims, status, code) in [
            (
                json!({"service": "stranger", "permissions": ["read"], "exp": NOW + 60}),
                403,
                ErrorCode::Forbidden,
            ),
            (json!({"service": "", "permissions": ["read"], "exp": NOW + 60}), 403, ErrorCode::Forbidden),
            (json!({"service": "nodejs", "permissions": [], "exp": NOW + 60}), 403, ErrorCode::Forbidden),
            (
                json!({"service": "nodejs", "permissions": ["read"], "exp": NOW - 60}),
                401,
                ErrorCode::TokenExpired,
            ),
            (json!({"service": "nodejs", "exp": NOW + 60}), 401, ErrorCode::InvalidToken),
            (json!({"service": "nodejs", "permissions": ["read"]}), 401, ErrorCode::InvalidToken),
            (json!({"id": 7, "exp": NOW + 60}), 401, ErrorCode::InvalidToken),
        ] {
            assert_eq!(authorize_claims(&claims, Permission::Read), Err((status, code)), "{claims}");
        }
        assert_eq!(authorize(None, Permission::Read), Err((401, ErrorCode::Unauthorized)));
        assert_eq!(authorize(Some("Basic x".into()), Permission::Read), Err((401, ErrorCode::Unauthorized)));
        assert_eq!(authorize(Some("Bearer x".into()), Permission::Read), Err((401, ErrorCode::InvalidToken)));
    }
}
