#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod macros;

pub mod api;
mod client;
#[cfg(feature = "download")]
pub mod download;
pub mod error;
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
pub mod live;
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
pub mod text;
mod token;
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
    RateLimit, SkippedItem, decode, retry_after,
};
pub use error::{Error, Result};
pub use retry::RetryPolicy;
pub use secret::Secret;
