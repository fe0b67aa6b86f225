//! Authentication: users of the site, and other services.

mod api_key;
mod authorized_service;
mod service;
pub mod token;
mod token_issuer;
mod user;

use poem::http::{HeaderMap, header};

pub use self::{
    api_key::ApiKey,
    authorized_service::{AuthorizedService, Read, RequiredPermission, Write},
    service::{Permission, Services},
    token_issuer::TokenIssuer,
    user::{Users, Validator, verify},
};

/// Returns the token of the header `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
