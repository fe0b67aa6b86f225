//! Conversion of the errors of poem into problems.

use poem::http::StatusCode;
use poem_openapi::error::{ParseParamError, ParsePathError};

use super::Problem;

impl Problem {
    /// Converts `error`, which holds the problem that a route returned, or an error of poem.
    pub fn from_error(error: poem::Error) -> Self {
        if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
            return Self::invalid(*name, reason.clone());
        }
        if let Some(ParsePathError { name, reason }) = error.downcast_ref() {
            return Self::invalid(*name, reason.clone());
        }
        match error.downcast::<Self>() {
            Ok(problem) => problem,
            Err(error) => Self::from_status(&error),
        }
    }

    fn from_status(error: &poem::Error) -> Self {
        match error.status() {
            StatusCode::NOT_FOUND => Self::NotFound,
            status if status.is_client_error() => Self::invalid("request", format!("is malformed: {error}")),
            _ => Self::internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::error::NotFoundError;

    use super::*;
    use crate::problem::ErrorCode;

    fn problem_of(error: impl Into<poem::Error>) -> Problem {
        Problem::from_error(error.into())
    }

    #[test]
    fn route_problem_passes_unchanged() {
        let problem = problem_of(Problem::Overloaded);

        assert_eq!(problem.code(), ErrorCode::Overloaded);
    }

    #[test]
    fn framework_rejection_of_a_parameter_names_it() {
        let problem = problem_of(ParseParamError { name: "page", reason: "is odd".into() });

        assert_eq!(problem.to_string(), "parameter `page` is odd");
    }

    #[test]
    fn unknown_path_is_not_found() {
        assert_eq!(problem_of(NotFoundError).code(), ErrorCode::NotFound);
    }

    #[test]
    fn any_other_client_error_is_a_bad_request() {
        let problem = problem_of(StatusCode::UNSUPPORTED_MEDIA_TYPE);

        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn any_other_error_is_ours() {
        let problem = problem_of(StatusCode::NOT_IMPLEMENTED);
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
