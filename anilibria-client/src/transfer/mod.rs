//! Lists and watch history as files, for a backup or for a move between services.
//!
//! An [`AccountState`] is what an account of AniLibria holds: favorites, collections, watched episodes, scores. A
//! [`ListDocument`] is the same as entries with names and ids of other services. [`ListWriter`] and [`ListReader`] convert
//! a document to and from three [formats](Format). [`plan`] compares a document with an account and changes nothing;
//! [`Plan::apply`] sends the plan.
//!
//! ```
//! # anilibria_client::offline(|client| async move {
//! use anilibria_client::{
//!     model::CollectionKind,
//!     transfer::{AccountState, Format, ListReader, ListWriter, plan},
//! };
//!
//! client.session().log_in("demo", "demo").await?;
//! client.collections().put(CollectionKind::Watching, [1, 2]).await?;
//! let reflector = client.reflector().unpaced().build();
//! reflector.load().await?;
//! let catalog = reflector.catalog();
//!
//! // Export.
//! let account = AccountState::read(&client).await?;
//! let file = ListWriter::new(Format::Mal).write(&account.document(&catalog)).bytes;
//! client.collections().remove([1]).await?;
//!
//! // Import: the plan is the dry run.
//! let document = ListReader::new().read(&file).unwrap();
//! let plan = plan(&document, &catalog, &AccountState::read(&client).await?);
//! assert_eq!((plan.collections.len(), plan.unchanged), (1, 1));
//! plan.apply(&client).await.unwrap();
//! assert_eq!(client.collections().ids().await?.len(), 2);
//! # Ok(())
//! # });
//! ```
//!
#![doc = include_str!("../../docs/transfer.md")]

mod account;
mod apply;
mod document;
mod error;
mod format;
mod lookup;
mod plan;
mod read;
mod status;
mod write;

pub use self::{
    account::AccountState,
    apply::{Applied, ApplyError},
    document::{EpisodeProgress, ListDocument, ListEntry},
    error::{FilePosition, ReadError},
    format::Format,
    lookup::ReleaseLookup,
    plan::{
        Ambiguous, CollectionChange, Conflict, Difference, EntryRef, Plan, SkipReason, SkippedEntry, plan,
    },
    read::ListReader,
    write::{LeftOut, ListWriter, WrittenList},
};
