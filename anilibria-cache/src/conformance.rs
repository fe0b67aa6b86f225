//! Conformance tests for any store.
//!
//! Each test is a function of an empty store that has room for 16 MiB and no other users. The function panics if the
//! store does not conform. [`store_conformance!`](crate::store_conformance) creates a `#[tokio::test]` for each
//! function:
//!
//! ```
//! # #[cfg(test)]
//! mod memory {
//!     use anilibria_cache::{MemoryStore, store_conformance};
//!
//!     async fn store() -> MemoryStore {
//!         MemoryStore::new(64 * 1024 * 1024)
//!     }
//!
//!     store_conformance!(store);
//! }
//! ```
//!
//! The tests use the system clock, so a store may let a server remove expired entries.
#![expect(clippy::missing_panics_doc, reason = "panicking is how each promise says that it was broken")]

mod concurrency;
mod entries;
mod expiry;
mod guard;
mod invalidation;
mod names;
mod probe;

use crate::store::Store;

pub use self::{
    concurrency::{
        concurrent_writers_of_a_key_leave_one_of_their_entries, dropped_call_leaves_the_store_usable,
        removal_after_concurrent_writes_removes_all_entries, tasks_with_different_keys_do_not_interfere,
    },
    entries::{
        absent_key_reads_as_none, entry_reads_as_it_was_set, key_reads_as_the_last_entry_set,
        many_entries_read_as_they_were_set, many_keys_read_in_their_order, statistics_count_stored_entries,
        store_responds_to_a_ping_and_has_a_name, values_of_all_sizes_are_unchanged,
    },
    expiry::{
        expired_entry_reads_as_absent, expiry_applies_to_a_clock_that_is_behind,
        expiry_changes_freshness_only, setting_an_expired_entry_leaves_no_entry, stale_entry_is_returned,
        times_are_stored_to_the_millisecond,
    },
    guard::with_guard,
    invalidation::{
        expired_entry_can_be_removed, expiry_changes_covered_entries_only,
        invalidation_without_covered_entries_changes_nothing, pattern_covers_matching_keys_among_thousands,
        removal_changes_covered_entries_only, tag_covers_tagged_keys_among_thousands,
        tag_of_a_replaced_entry_does_not_cover_its_successor, tag_of_an_entry_that_was_set_again_covers_it,
    },
    names::{
        keys_and_tags_are_any_text, keys_that_resemble_internal_names_are_keys,
        star_is_the_only_wildcard_of_patterns,
    },
};

/// Creates a `#[tokio::test]` for each [conformance test](crate::conformance) of the store that `$make` creates.
/// `$make` is an `async` closure or the name of an `async fn`, without arguments. Each test calls it for a separate
/// store. It may return an `Option` of a store: with `None`, for instance if no server is available, the test passes.
///
/// The calling crate needs `tokio` with the features `macros` and `rt-multi-thread`. Each call needs a separate module.
#[macro_export]
macro_rules! store_conformance {
    ($make:expr) => {
        $crate::store_conformance! { $make =>
            dropped_call_leaves_the_store_usable,
            key_reads_as_the_last_entry_set,
            pattern_covers_matching_keys_among_thousands,
            store_responds_to_a_ping_and_has_a_name,
            tag_covers_tagged_keys_among_thousands,
            absent_key_reads_as_none,
            entry_reads_as_it_was_set,
            setting_an_expired_entry_leaves_no_entry,
            expired_entry_reads_as_absent,
            expiry_changes_freshness_only,
            expiry_applies_to_a_clock_that_is_behind,
            expiry_changes_covered_entries_only,
            invalidation_without_covered_entries_changes_nothing,
            keys_and_tags_are_any_text,
            keys_that_resemble_internal_names_are_keys,
            many_entries_read_as_they_were_set,
            many_keys_read_in_their_order,
            star_is_the_only_wildcard_of_patterns,
            removal_changes_covered_entries_only,
            tasks_with_different_keys_do_not_interfere,
            tag_of_a_replaced_entry_does_not_cover_its_successor,
            tag_of_an_entry_that_was_set_again_covers_it,
            times_are_stored_to_the_millisecond,
            values_of_all_sizes_are_unchanged,
            statistics_count_stored_entries,
            removal_after_concurrent_writes_removes_all_entries,
            stale_entry_is_returned,
            expired_entry_can_be_removed,
            concurrent_writers_of_a_key_leave_one_of_their_entries,
        }
    };
    ($make:expr => $($promise:ident),* $(,)?) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                if let Some(store) = $crate::conformance::IntoTestStore::into_test_store($make().await) {
                    $crate::conformance::$promise(store).await;
                }
            }
        )*
    };
}

/// Result of the function that is passed to [`store_conformance!`](crate::store_conformance): a store, or an `Option`
/// of one.
#[doc(hidden)]
pub trait IntoTestStore {
    /// Type of the store.
    type Store: Store;

    /// Returns the store, if there is one.
    fn into_test_store(self) -> Option<Self::Store>;
}

impl<S: Store> IntoTestStore for S {
    type Store = S;

    fn into_test_store(self) -> Option<S> {
        Some(self)
    }
}

impl<S: Store> IntoTestStore for Option<S> {
    type Store = S;

    fn into_test_store(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_test_is_in_the_macro() {
        let promises = [
            include_str!("conformance/concurrency.rs"),
            include_str!("conformance/entries.rs"),
            include_str!("conformance/expiry.rs"),
            include_str!("conformance/invalidation.rs"),
            include_str!("conformance/names.rs"),
        ];
        let text = include_str!("conformance.rs");

        let names = promises.iter().flat_map(|text| text.split("\npub async fn ").skip(1));
        let missing: Vec<_> = names
            .filter_map(|rest| rest.split_once('('))
            .filter(|(name, _)| !text.contains(&format!("            {name},\n")))
            .map(|(name, _)| name)
            .collect();

        assert_eq!(missing, [""; 0]);
    }
}
