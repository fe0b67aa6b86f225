//! The state of the service.

use serde::{Deserialize, Serialize};

use super::wire::or_default;

/// Whether the service is up, and how it sees the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AppStatus {
    /// Whether it is up.
    #[serde(deserialize_with = "or_default")]
    pub is_alive: bool,
    /// Origins that serve the API, without its path.
    #[serde(deserialize_with = "or_default")]
    pub available_api_endpoints: Vec<String>,
    /// How the service sees the caller.
    #[serde(deserialize_with = "or_default")]
    pub request: Caller,
}

/// How the service sees the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Caller {
    /// The address.
    pub ip: Option<String>,
    /// The country's name.
    pub country: Option<String>,
    /// The country's code (ISO 3166-1 alpha-2).
    pub iso_code: Option<String>,
    /// The time zone (`Europe/Moscow`).
    pub timezone: Option<String>,
}
