//! The state of the service.

use serde::{Deserialize, Serialize};

use super::wire;

/// Whether the service is up, and how it sees the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AppStatus {
    /// Whether it is up.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_alive: bool,
    /// Origins that serve the API, without its path.
    #[serde(deserialize_with = "wire::list")]
    pub available_api_endpoints: Vec<String>,
    /// How the service sees the caller.
    #[serde(deserialize_with = "wire::or_default")]
    pub request: Caller,
}

/// How the service sees the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Caller {
    /// The address.
    #[serde(deserialize_with = "wire::or_default")]
    pub ip: Option<String>,
    /// The country's name.
    #[serde(deserialize_with = "wire::or_default")]
    pub country: Option<String>,
    /// The country's code (ISO 3166-1 alpha-2).
    #[serde(deserialize_with = "wire::or_default")]
    pub iso_code: Option<String>,
    /// The time zone (`Europe/Moscow`).
    #[serde(deserialize_with = "wire::or_default")]
    pub timezone: Option<String>,
}
