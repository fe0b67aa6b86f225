#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod macros;

pub mod api;
#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
pub mod blocking;
pub mod call;
mod client;
#[cfg(feature = "download")]
pub mod download;
pub mod error;
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
pub mod live;
pub mod loader;
pub mod model;
pub mod page;
#[cfg(all(feature = "reflector", not(target_arch = "wasm32")))]
pub mod reflector;
pub mod request;
mod retry;
mod runtime;
pub mod saved;
mod secret;
pub mod session;
#[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
mod socket;
mod text;
mod token;
#[cfg(all(feature = "transfer", not(target_arch = "wasm32")))]
pub mod transfer;
#[cfg(feature = "v3")]
pub mod v3;
pub mod watch;

#[cfg(feature = "sandbox")]
#[doc(inline)]
pub use anilibria_sandbox as sandbox;
#[cfg(feature = "sandbox")]
pub use client::offline;
pub use client::{
    Breaker, BreakerPolicy, BreakerState, Client, ClientBuilder, MirrorHealth, MirrorProbe, Permit,
    RateLimit, SkippedItem, decode,
};
pub use error::{Error, Result};
pub use retry::RetryPolicy;
pub use secret::Secret;

/// The crates whose types appear in the public API, in the versions that this crate uses.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// use anilibria_client::dependencies::{futures::TryStreamExt, http::Method, time::OffsetDateTime};
///
/// let releases: Vec<_> = client.catalog().releases().limit(50).items().try_collect().await?;
/// assert!(releases.iter().all(|release| release.fresh_at <= Some(OffsetDateTime::now_utc())));
/// assert_eq!(client.app().status().request().method(), Method::GET);
/// # Ok(())
/// # });
/// ```
pub mod dependencies {
    #[cfg(feature = "cache")]
    pub use ::anilibria_cache;
    pub use ::async_trait;
    pub use ::bytes;
    pub use ::futures;
    pub use ::http;
    pub use ::reqwest;
    pub use ::serde_json;
    pub use ::time;
    pub use ::url;
    pub use ::uuid;
}

/// Functions that the server and the gateway of this workspace share with the client.
///
/// The module is hidden because programs that use the client have no need of them. They may change in any release.
#[doc(hidden)]
pub mod support {
    #[cfg(feature = "v3")]
    pub use crate::v3::from_v1::{format_size, season, week};
    pub use crate::{
        client::{Outage, OutageChange, retry_after},
        text::{fold, sort_russian},
    };
}
