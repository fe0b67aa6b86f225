//! AniLibria's old API v3: the languages of its parameters and the forms of its answers, and its WebSocket.

pub mod changes;
pub mod dialect;
pub mod feed_document;
pub mod news;
pub mod order;
pub mod paging;
pub mod path;
pub mod projection;
pub mod query;
pub mod socket;
