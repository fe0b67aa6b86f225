//! Session tokens and where they are stored.

#[cfg(not(target_arch = "wasm32"))]
mod file_store;
mod store;
#[expect(clippy::module_inception, reason = "the type of the same name")]
mod token;
mod tokens;

#[cfg(not(target_arch = "wasm32"))]
pub use self::file_store::FileTokenStore;
pub(crate) use self::tokens::Tokens;
pub use self::{
    store::{MemoryTokenStore, TokenStore},
    token::Token,
};
