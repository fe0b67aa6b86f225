//! Status of the service.

use serde::{Deserialize, Serialize};

use super::wire;

/// Status of the service, and its view of the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AppStatus {
    /// True if the service is available.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_alive: bool,
    /// Origins of the API, without its path.
    #[serde(deserialize_with = "wire::list")]
    pub available_api_endpoints: Vec<String>,
    /// The caller, as the service identifies it.
    #[serde(deserialize_with = "wire::or_default")]
    pub request: Caller,
}

/// The caller, as the service identifies it by its address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Caller {
    /// IP address.
    #[serde(deserialize_with = "wire::or_default")]
    pub ip: Option<String>,
    /// Name of the country.
    #[serde(deserialize_with = "wire::or_default")]
    pub country: Option<String>,
    /// Code of the country (ISO 3166-1 alpha-2).
    #[serde(deserialize_with = "wire::or_default")]
    pub iso_code: Option<String>,
    /// Time zone (`Europe/Moscow`).
    #[serde(deserialize_with = "wire::or_default")]
    pub timezone: Option<String>,
}
