//! Envelope of the internal routes, and the report of a cleared cache.

use poem_openapi::{
    Object,
    types::{Example, ParseFromJSON, ToJSON},
};

/// A response with the result of an internal operation.
#[derive(Clone, Debug, Object)]
pub struct Done<T: ParseFromJSON + ToJSON> {
    /// Always `true`.
    pub success: bool,
    /// The result of the operation.
    pub data: T,
}

impl<T: ParseFromJSON + ToJSON> Done<T> {
    /// Creates a response with `data`.
    pub fn new(data: T) -> Self {
        Self { success: true, data }
    }
}

/// Result of clearing the cache.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct ClearReport {
    /// The pattern from the request.
    pub pattern: String,
    /// Number of removed responses.
    pub removed: u64,
}

impl Example for ClearReport {
    fn example() -> Self {
        Self { pattern: "titles:*".to_owned(), removed: 3 }
    }
}
