//! Errors with the codes of Torznab.

use std::borrow::Cow;

use crate::xml;

/// Maximum number of characters of a client's text in an error.
const MAX_QUOTED: usize = 40;

/// Errors of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The key is missing or wrong.
    #[error("incorrect `apikey`")]
    IncorrectKey,
    /// A required parameter is missing.
    #[error("missing parameter: `{0}`")]
    MissingParameter(&'static str),
    /// A parameter has an invalid value.
    #[error("incorrect parameter: `{name}` {reason}")]
    IncorrectParameter {
        /// Name of the parameter.
        name: Cow<'static, str>,
        /// Description of the error, as a continuation of "the parameter …".
        reason: Cow<'static, str>,
    },
    /// Torznab has no function with this name.
    #[error("no such function: `{0}`")]
    NoSuchFunction(Box<str>),
    /// Torznab has the function, but this indexer does not.
    #[error("function not available: `{0}`")]
    FunctionNotAvailable(Box<str>),
    /// The catalog is not loaded yet.
    #[error("the catalog is not loaded yet, try again later")]
    Unavailable,
}

impl Error {
    /// Creates the error for an invalid parameter.
    pub(crate) fn parameter(
        name: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::IncorrectParameter { name: name.into(), reason: reason.into() }
    }

    /// Returns the code of the error.
    pub fn code(&self) -> u16 {
        match self {
            Self::IncorrectKey => 100,
            Self::MissingParameter(_) => 200,
            Self::IncorrectParameter { .. } => 201,
            Self::NoSuchFunction(_) => 202,
            Self::FunctionNotAvailable(_) => 203,
            Self::Unavailable => 900,
        }
    }

    /// Returns the error as an XML document.
    pub fn to_xml(&self) -> String {
        xml::document(|xml| {
            let (code, description) = (self.code().to_string(), self.to_string());
            xml::empty(xml, "error", &[("code", &code), ("description", &description)])
        })
    }
}

/// Returns the first characters of a text of a client, without control characters, for use in an error.
pub(crate) fn quoted(text: &str) -> Box<str> {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_QUOTED).collect::<String>().into()
}
