//! Why a request gets no answer: one error for all routes, with the codes of the v2 contract.

mod document;
mod framework;
mod render;

use std::{borrow::Cow, error::Error as StdError, time::Duration};

use poem::http::{HeaderValue, StatusCode};

use crate::envelope::{ErrorContext, SearchedSource};
pub use crate::error_code::ErrorCode;

/// A cause that is logged and never shown to clients.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Why a request gets no answer.
///
/// Routes return it; the shell around them turns it, and whatever the framework rejects by itself, into the error
/// envelope. Causes go to the log only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A parameter is missing, malformed or out of its bounds.
    #[error("parameter `{field}` {reason}")]
    InvalidParameters {
        /// Name of the parameter, as in the address.
        field: Cow<'static, str>,
        /// What is wrong with it: a continuation of "the parameter …".
        reason: Cow<'static, str>,
    },
    /// The path means something else to a proxy than to the service.
    #[error("the path {reason}")]
    MalformedPath {
        /// The reason, as a continuation of "the path …".
        reason: &'static str,
    },
    /// There is no such title.
    #[error("no title {title_id}")]
    TitleNotFound {
        /// The id that was asked for.
        title_id: u32,
        /// Where it was looked for.
        searched: &'static [SearchedSource],
    },
    /// Whoever asks has not shown who that is.
    #[error("not authenticated: {message}")]
    Unauthorized {
        /// What is missing or wrong.
        message: &'static str,
        /// The code: [`ErrorCode::Unauthorized`] without a token, or what is wrong with the token.
        code: ErrorCode,
    },
    /// Whoever asks may not.
    #[error("not permitted: {message}")]
    Forbidden {
        /// Why not.
        message: &'static str,
    },
    /// There is nothing at this address.
    #[error("no such path")]
    NotFound,
    /// What was asked for, by something other than the id of a title, does not exist.
    #[error("no such {what}")]
    Missing {
        /// What was asked for.
        what: &'static str,
    },
    /// The address does not take this method.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// Methods it takes, as in the header `Allow`.
        allow: HeaderValue,
    },
    /// The body is larger than the limit.
    #[error("body is larger than {limit} bytes")]
    PayloadTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The address is longer than the limit.
    #[error("address is longer than {limit} bytes")]
    UriTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The headers together are larger than the limit.
    #[error("headers are larger than {limit} bytes")]
    HeadersTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The client asks more often than it may.
    #[error("too many requests of one client")]
    RateLimited {
        /// When it may ask again.
        retry_after: Duration,
    },
    /// AniLibria failed, or answered nonsense.
    #[error("AniLibria failed: {reason}")]
    Upstream {
        /// What was wrong with it, in a few words that give nothing away.
        reason: &'static str,
        /// All there is to know about it.
        #[source]
        cause: Cause,
    },
    /// AniLibria did not answer in time.
    #[error("AniLibria did not answer in time")]
    UpstreamTimeout(#[source] Cause),
    /// The service cannot serve this at present.
    #[error("service unavailable")]
    Unavailable {
        /// When it is worth trying again.
        retry_after: Duration,
        /// Why not now.
        #[source]
        cause: Cause,
    },
    /// More requests are in progress than the service takes on.
    #[error("too many requests in progress")]
    Overloaded,
    /// A fault of the service itself.
    #[error("internal error")]
    Internal(#[source] Cause),
}

impl Problem {
    /// There is no title `id`, neither here nor at AniLibria.
    pub fn title_not_found(id: u32) -> Self {
        Self::TitleNotFound { title_id: id, searched: &[SearchedSource::Cache, SearchedSource::Api] }
    }

    /// The parameter `field` is wrong: it … `reason`.
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidParameters { field: field.into(), reason: reason.into() }
    }

    /// A fault of the service itself, because of `cause`.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Returns the status of the error response.
    pub fn status(&self) -> StatusCode {
        self.kind().0
    }

    /// Returns the code, for programs.
    pub fn code(&self) -> ErrorCode {
        self.kind().1
    }

    fn kind(&self) -> (StatusCode, ErrorCode) {
        use ErrorCode as Code;
        use StatusCode as Status;

        match self {
            Self::InvalidParameters { .. } | Self::MalformedPath { .. } => {
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
            Self::Unavailable { .. } => (Status::SERVICE_UNAVAILABLE, Code::ServiceUnavailable),
            Self::Overloaded => (Status::SERVICE_UNAVAILABLE, Code::Overloaded),
            Self::Internal(_) => (Status::INTERNAL_SERVER_ERROR, Code::InternalError),
        }
    }

    /// The message that people read, on a Russian site.
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::InvalidParameters { field, .. } => format!("Неверное значение параметра «{field}»").into(),
            Self::MalformedPath { .. } => "Неверный адрес запроса".into(),
            Self::TitleNotFound { title_id, .. } => format!("Тайтл с ID {title_id} не найден").into(),
            // Only other services get to read these, and they know them.
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
            Self::Overloaded => "Сервис перегружен, попробуйте ещё раз".into(),
            Self::Internal(_) => "Внутренняя ошибка сервиса".into(),
        }
    }

    /// What else there is to say about it.
    pub fn context(&self) -> ErrorContext {
        let nothing = ErrorContext::default();
        match self {
            Self::InvalidParameters { field, reason } => {
                ErrorContext { field: Some(field.to_string()), reason: Some(reason.to_string()), ..nothing }
            }
            Self::MalformedPath { reason } => {
                ErrorContext { field: Some("path".to_owned()), reason: Some((*reason).to_owned()), ..nothing }
            }
            Self::Upstream { reason, .. } => ErrorContext { reason: Some((*reason).to_owned()), ..nothing },
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
