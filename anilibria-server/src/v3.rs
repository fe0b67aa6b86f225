//! Integration of the gateway for clients of AniLibria's old API v3. Without the cargo feature `v3` there is no gateway,
//! regardless of the settings.

#[cfg(not(feature = "v3"))]
mod disabled;
#[cfg(feature = "v3")]
mod mount;

#[cfg(not(feature = "v3"))]
pub use self::disabled::{Addresses, ErrorFormat, Gateway, GatewayTasks};
#[cfg(feature = "v3")]
pub use self::mount::{Gateway, GatewayTasks};
#[cfg(feature = "v3")]
pub use anilibria_v3_gateway::{Addresses, ErrorFormat};
