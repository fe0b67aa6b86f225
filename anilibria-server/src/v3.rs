//! The mount of the gateway for clients of AniLibria's old API v3. Without the feature `v3` there is no gateway, regardless
//! of the settings.

#[cfg(not(feature = "v3"))]
mod absent;
#[cfg(feature = "v3")]
mod mount;

#[cfg(not(feature = "v3"))]
pub use self::absent::{Addresses, ErrorFormat, Gateway, Running};
#[cfg(feature = "v3")]
pub use self::mount::{Gateway, Running};
#[cfg(feature = "v3")]
pub use anilibria_v3_gateway::{Addresses, ErrorFormat};
