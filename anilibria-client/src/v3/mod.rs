//! AniLibria's old API v3: its objects, and how they follow from those of AniLiberty API v1.
//!
//! The old service was switched off in 2025. Its gateway (the `anilibria-server` of this workspace, or another) still
//! answers it, made of what API v1 gives.
//!
//! ```
//! # anilibria_client::offline(|client| async move {
//! use anilibria_client::v3::Mapping;
//!
//! let release = client.releases().get(7).await?;
//! let title = Mapping::new(&release).title();
//!
//! assert_eq!((title.id, &title.code), (release.id, &release.alias));
//! # Ok(())
//! # });
//! ```

pub mod model;
mod of_v1;
mod wire;

#[cfg(not(target_arch = "wasm32"))]
pub use self::of_v1::release_of;
pub use self::of_v1::{Mapping, season, size_in_words, week};
