#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod macros;

pub mod api;
mod client;
pub mod error;
pub mod model;
#[cfg(feature = "sandbox")]
mod offline;
pub mod page;
pub mod reflector;
pub mod request;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod saved;
pub mod watch;

pub use client::{Client, ClientBuilder, decode};
pub use error::{Error, Result};
#[cfg(feature = "sandbox")]
pub use offline::offline;
