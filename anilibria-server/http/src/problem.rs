//! Errors of requests: one type for all routes, with the codes of the v2 contract.

mod details;
mod document;
mod format;
mod framework;
mod render;

use std::{borrow::Cow, error::Error as StdError, time::Duration};

use poem::http::{HeaderValue, StatusCode};

pub use self::{details::ProblemDetails, format::ErrorFormat};
use crate::envelope::{ErrorContext, SearchedSource};
pub use crate::error_code::ErrorCode;

/// A cause that is logged and never shown to clients.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Errors returned to clients.
///
/// Routes return a problem. The endpoint that wraps all routes converts it, and any error of poem, into an error response.
/// Causes are logged and never sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A parameter, or a field of the body, is missing, malformed or out of its bounds.
    #[error("parameter `{field}` {reason}")]
    InvalidParameters {
        /// Name of the parameter or header, or path of the field in the body.
        field: Cow<'static, str>,
        /// Description of the error, as a continuation of "the parameter …".
        reason: Cow<'static, str>,
    },
    /// A proxy may interpret the path in another way than the service.
    #[error("the path {reason}")]
    MalformedPath {
        /// Description of the error, as a continuation of "the path …".
        reason: &'static str,
    },
    /// The client requests an unsupported version of WebSocket.
    #[error("parameter `Sec-WebSocket-Version` must be 13")]
    WebSocketVersion,
    /// The title does not exist.
    #[error("title {title_id} not found")]
    TitleNotFound {
        /// Id of the requested title.
        title_id: u32,
        /// Sources that were searched for the title.
        searched: &'static [SearchedSource],
    },
    /// The client is not authenticated.
    #[error("not authenticated: {message}")]
    Unauthorized {
        /// Description of the missing or invalid credentials.
        message: &'static str,
        /// [`ErrorCode::Unauthorized`] without a token, otherwise the code of the error in the token.
        code: ErrorCode,
    },
    /// The client is authenticated, but lacks the permission.
    #[error("not permitted: {message}")]
    Forbidden {
        /// Reason for the refusal.
        message: &'static str,
    },
    /// No route serves this path.
    #[error("no such path")]
    NotFound,
    /// The requested resource does not exist. For titles by id, see [`Problem::TitleNotFound`].
    #[error("no such {what}")]
    Missing {
        /// Name of the kind of resource.
        what: &'static str,
    },
    /// The route does not support this method.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// Supported methods, as in the header `Allow`.
        allow: HeaderValue,
    },
    /// The body is larger than the limit.
    #[error("body is larger than {limit} bytes")]
    PayloadTooLarge {
        /// Limit in bytes.
        limit: usize,
    },
    /// The request target (path and query) is longer than the limit.
    #[error("address is longer than {limit} bytes")]
    UriTooLong {
        /// Limit in bytes.
        limit: usize,
    },
    /// The headers together are larger than the limit.
    #[error("headers are larger than {limit} bytes")]
    HeadersTooLarge {
        /// Limit in bytes.
        limit: usize,
    },
    /// The client exceeded its quota or a limit.
    #[error("too many requests of one client")]
    RateLimited {
        /// Time until the client may retry.
        retry_after: Duration,
    },
    /// AniLibria failed, or returned an invalid response.
    #[error("AniLibria failed: {reason}")]
    Upstream {
        /// Short description of the error, without internal details.
        reason: &'static str,
        /// The original error.
        #[source]
        cause: Cause,
    },
    /// AniLibria did not answer in time.
    #[error("AniLibria did not answer in time")]
    UpstreamTimeout(#[source] Cause),
    /// The service cannot answer this request at present.
    #[error("service unavailable")]
    Unavailable {
        /// Time until a retry may succeed.
        retry_after: Duration,
        /// Reason for the unavailability.
        #[source]
        cause: Cause,
    },
    /// The local catalog is not loaded, and no other source has the data.
    #[error("the catalog is not loaded")]
    NoCatalog {
        /// Time until a retry may succeed.
        retry_after: Duration,
    },
    /// The service has too many requests in progress.
    #[error("too many requests in progress")]
    Overloaded,
    /// An internal error of the service.
    #[error("internal error")]
    Internal(#[source] Cause),
}

impl Problem {
    /// Creates the problem for a title `id` that neither the cache nor AniLibria has.
    pub fn title_not_found(id: u32) -> Self {
        Self::TitleNotFound { title_id: id, searched: &[SearchedSource::Cache, SearchedSource::Api] }
    }

    /// Creates the problem for the invalid parameter `field`. `reason` continues the sentence "the parameter …".
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidParameters { field: field.into(), reason: reason.into() }
    }

    /// Creates the problem for an internal error with the given `cause`.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Returns the status of the error response.
    pub fn status(&self) -> StatusCode {
        self.kind().0
    }

    /// Returns the machine-readable code.
    pub fn code(&self) -> ErrorCode {
        self.kind().1
    }

    fn kind(&self) -> (StatusCode, ErrorCode) {
        use ErrorCode as Code;
        use StatusCode as Status;

        match self {
            Self::InvalidParameters { .. } | Self::MalformedPath { .. } | Self::WebSocketVersion => {
                (Status::BAD_REQUEST, Code::InvalidParameters)
            }
            Self::TitleNotFound { .. } => (Status::NOT_FOUND, Code::TitleNotFound),
            Self::NotFound | Self::Missing { .. } => (Status::NOT_FOUND, Code::NotFound),
            Self::Unauthorized { code, .. } => (Status::UNAUTHORIZED, *code),
            Self::Forbidden { .. } => (Status::FORBIDDEN, Code::Forbidden),
            Self::MethodNotAllowed { .. } => (Status::METHOD_NOT_ALLOWED, Code::MethodNotAllowed),
            Self::PayloadTooLarge { .. } => (Status::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge),
            Self::UriTooLong { .. } => (Status::URI_TOO_LONG, Code::UriTooLong),
            Self::HeadersTooLarge { .. } => (Status::REQUEST_HEADER_FIELDS_TOO_LARGE, Code::HeadersTooLarge),
            Self::RateLimited { .. } => (Status::TOO_MANY_REQUESTS, Code::RateLimitExceeded),
            Self::Upstream { .. } => (Status::BAD_GATEWAY, Code::UpstreamError),
            Self::UpstreamTimeout(_) => (Status::GATEWAY_TIMEOUT, Code::UpstreamTimeout),
            Self::Unavailable { .. } | Self::NoCatalog { .. } => {
                (Status::SERVICE_UNAVAILABLE, Code::ServiceUnavailable)
            }
            Self::Overloaded => (Status::SERVICE_UNAVAILABLE, Code::Overloaded),
            Self::Internal(_) => (Status::INTERNAL_SERVER_ERROR, Code::InternalError),
        }
    }

    /// Returns the message for people: in Russian, except for the errors that only other services receive.
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::InvalidParameters { field, .. } => format!("Неверное значение параметра «{field}»").into(),
            Self::MalformedPath { .. } => "Неверный адрес запроса".into(),
            Self::WebSocketVersion => "Неподдерживаемая версия WebSocket".into(),
            Self::TitleNotFound { title_id, .. } => format!("Тайтл с ID {title_id} не найден").into(),
            // In English: only other services receive these messages, and they rely on the exact text.
            Self::Unauthorized { message, .. } | Self::Forbidden { message } => (*message).into(),
            Self::NotFound => "По этому адресу ничего нет".into(),
            Self::Missing { .. } => "Ничего не найдено".into(),
            Self::MethodNotAllowed { .. } => "Этот метод здесь не поддерживается".into(),
            Self::PayloadTooLarge { .. } => "Слишком большое тело запроса".into(),
            Self::UriTooLong { .. } => "Слишком длинный адрес запроса".into(),
            Self::HeadersTooLarge { .. } => "Слишком большие заголовки запроса".into(),
            Self::RateLimited { .. } => "Слишком много запросов, попробуйте позже".into(),
            Self::Upstream { .. } => "AniLibria ответила ошибкой".into(),
            Self::UpstreamTimeout(_) => "AniLibria не ответила вовремя".into(),
            Self::Unavailable { .. } => "Сервис временно недоступен".into(),
            Self::NoCatalog { .. } => "Каталог ещё не загружен, попробуйте позже".into(),
            Self::Overloaded => "Сервис перегружен, попробуйте ещё раз".into(),
            Self::Internal(_) => "Внутренняя ошибка сервиса".into(),
        }
    }

    /// Returns the details of the error, which depend on its kind.
    pub fn context(&self) -> ErrorContext {
        let nothing = ErrorContext::default();
        match self {
            Self::InvalidParameters { field, reason } => {
                ErrorContext { field: Some(field.to_string()), reason: Some(reason.to_string()), ..nothing }
            }
            Self::MalformedPath { reason } => {
                ErrorContext { field: Some("path".to_owned()), reason: Some((*reason).to_owned()), ..nothing }
            }
            Self::WebSocketVersion => ErrorContext {
                field: Some("Sec-WebSocket-Version".to_owned()),
                reason: Some("must be 13".to_owned()),
                ..nothing
            },
            Self::Upstream { reason, .. } => ErrorContext { reason: Some((*reason).to_owned()), ..nothing },
            Self::NoCatalog { .. } => {
                ErrorContext { reason: Some("the catalog is not loaded".to_owned()), ..nothing }
            }
            Self::TitleNotFound { title_id, searched } => ErrorContext {
                title_id: Some(*title_id),
                searched_sources: Some(searched.to_vec()),
                ..nothing
            },
            Self::PayloadTooLarge { limit }
            | Self::UriTooLong { limit }
            | Self::HeadersTooLarge { limit } => ErrorContext { limit: Some(*limit), ..nothing },
            _ => nothing,
        }
    }
}
