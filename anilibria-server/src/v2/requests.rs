//! Request bodies of the internal routes.

mod confirmation;

use poem_openapi::{Enum, Object, types::Example};

pub use self::confirmation::Confirmation;

/// Request to synchronise a title.
#[derive(Clone, Copy, Debug, Object)]
#[oai(example)]
pub struct SyncRequest {
    /// AniLibria's id of the title.
    #[oai(validator(minimum(value = "1")))]
    pub title_id: u32,
    /// `true` loads the title even if the cached title is fresh.
    #[oai(default)]
    pub force: bool,
    /// Has no effect: all requests are processed at once. Accepted for compatibility.
    #[oai(default)]
    pub priority: Priority,
}

impl Example for SyncRequest {
    fn example() -> Self {
        Self { title_id: 7, force: true, priority: Priority::High }
    }
}

/// Priority of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Priority {
    /// Lower than normal.
    Low,
    /// Normal.
    #[default]
    Normal,
    /// Higher than normal.
    High,
}

/// Request to clear the cache.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub struct ClearRequest {
    /// Pattern of the keys to remove. `*` matches any number of characters. The prefix of the keys in Redis may be omitted.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub pattern: String,
    /// Must be `true`.
    pub confirm: Confirmation,
}

impl Example for ClearRequest {
    fn example() -> Self {
        Self { pattern: "titles:*".to_owned(), confirm: Confirmation }
    }
}
