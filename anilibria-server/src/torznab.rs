//! The Torznab indexer for Sonarr, Radarr, Prowlarr and Jackett, at `/torznab/api`. Without the cargo feature `torznab` there is
//! no indexer, regardless of the settings.

#[cfg(feature = "torznab")]
mod derived;
#[cfg(not(feature = "torznab"))]
mod disabled;
#[cfg(feature = "torznab")]
mod franchises;
#[cfg(feature = "torznab")]
mod indexer;
#[cfg(feature = "torznab")]
mod mount;
#[cfg(feature = "torznab")]
mod route;

#[cfg(not(feature = "torznab"))]
pub use self::disabled::{FranchiseTask, Torznab};
#[cfg(feature = "torznab")]
pub use self::{franchises::FranchiseTask, mount::Torznab};
