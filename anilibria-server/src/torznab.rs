//! The Torznab indexer for Sonarr, Radarr, Prowlarr and Jackett, at `/torznab/api`. Without the feature `torznab` there is none,
//! regardless of the settings.

#[cfg(not(feature = "torznab"))]
mod absent;
#[cfg(feature = "torznab")]
mod current;
#[cfg(feature = "torznab")]
mod franchises;
#[cfg(feature = "torznab")]
mod indexer;
#[cfg(feature = "torznab")]
mod mount;
#[cfg(feature = "torznab")]
mod route;

#[cfg(not(feature = "torznab"))]
pub use self::absent::{FranchiseTask, Torznab};
#[cfg(feature = "torznab")]
pub use self::{franchises::FranchiseTask, mount::Torznab};
