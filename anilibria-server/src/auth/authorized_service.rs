//! Authorisation of services for internal operations.

use std::{marker::PhantomData, time::SystemTime};

use anilibria_http::problem::Problem;
use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use super::{Permission, Services};

/// Name of the security scheme in the OpenAPI document.
const SCHEME: &str = "InternalToken";

/// Extractor that requires a token of a service with the permission `P`. As the first argument of an operation, it is checked
/// before any other argument is read.
#[derive(Debug)]
pub struct AuthorizedService<P>(PhantomData<P>);

/// A permission as a type.
pub trait RequiredPermission: Send {
    /// The permission.
    const PERMISSION: Permission;
}

/// [`Permission::Read`] as a type.
#[derive(Debug)]
pub struct Read;

/// [`Permission::Write`] as a type.
#[derive(Debug)]
pub struct Write;

impl RequiredPermission for Read {
    const PERMISSION: Permission = Permission::Read;
}

impl RequiredPermission for Write {
    const PERMISSION: Permission = Permission::Write;
}

impl<'a, P: RequiredPermission> ApiExtractor<'a> for AuthorizedService<P> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some(
                "A JWT of another service: HS256, signed with `INTERNAL_JWT_SECRET`, with the claims `service` (its \
                 name), `permissions` (a list with `read`, `write` or both) and `exp`.",
            ),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme(SCHEME, scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        // Internal operations do not exist unless services are configured.
        let services = request.data::<Services>().ok_or(Problem::NotFound)?;
        services.authorize(request.headers(), P::PERMISSION, SystemTime::now())?;
        Ok(Self(PhantomData))
    }
}
