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
mod invalidation;
mod keeping;
mod names;
mod probe;

use crate::store::Store;

pub use self::{
    concurrency::{
        a_call_that_is_dropped_leaves_the_store_usable, tasks_with_keys_of_their_own_do_not_meet,
        what_is_removed_amid_writers_is_gone_when_they_are_done,
        writers_of_one_key_leave_what_one_of_them_wrote,
    },
    entries::{
        a_key_reads_as_what_was_last_set, a_store_answers_and_has_a_name, an_absent_key_reads_as_nothing,
        an_entry_reads_as_it_was_set, many_entries_read_as_they_were_set, many_keys_read_in_their_order,
        values_of_every_size_come_back, what_is_kept_is_counted,
    },
    expiry::{
        an_entry_set_too_late_leaves_nothing, an_expired_entry_reads_as_absent,
        an_expiry_holds_for_a_clock_that_is_behind, an_expiry_keeps_all_but_freshness,
        times_are_kept_to_the_millisecond, what_is_stale_is_still_there,
    },
    invalidation::{
        a_pattern_finds_two_thousand_keys, a_tag_finds_two_thousand_keys,
        expiring_touches_what_it_names_and_no_more, invalidating_what_is_not_there_touches_nothing,
        removing_touches_what_it_names_and_no_more, the_tag_of_an_entry_that_was_replaced_is_forgotten,
        the_tag_of_an_entry_that_was_set_again_holds, what_was_expired_can_still_be_removed,
    },
    keeping::keeping,
    names::{
        keys_and_tags_are_any_text, keys_that_look_like_bookkeeping_are_keys,
        patterns_know_no_wildcard_but_the_star,
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
            a_call_that_is_dropped_leaves_the_store_usable,
            a_key_reads_as_what_was_last_set,
            a_pattern_finds_two_thousand_keys,
            a_store_answers_and_has_a_name,
            a_tag_finds_two_thousand_keys,
            an_absent_key_reads_as_nothing,
            an_entry_reads_as_it_was_set,
            an_entry_set_too_late_leaves_nothing,
            an_expired_entry_reads_as_absent,
            an_expiry_keeps_all_but_freshness,
            an_expiry_holds_for_a_clock_that_is_behind,
            expiring_touches_what_it_names_and_no_more,
            invalidating_what_is_not_there_touches_nothing,
            keys_and_tags_are_any_text,
            keys_that_look_like_bookkeeping_are_keys,
            many_entries_read_as_they_were_set,
            many_keys_read_in_their_order,
            patterns_know_no_wildcard_but_the_star,
            removing_touches_what_it_names_and_no_more,
            tasks_with_keys_of_their_own_do_not_meet,
            the_tag_of_an_entry_that_was_replaced_is_forgotten,
            the_tag_of_an_entry_that_was_set_again_holds,
            times_are_kept_to_the_millisecond,
            values_of_every_size_come_back,
            what_is_kept_is_counted,
            what_is_removed_amid_writers_is_gone_when_they_are_done,
            what_is_stale_is_still_there,
            what_was_expired_can_still_be_removed,
            writers_of_one_key_leave_what_one_of_them_wrote,
        }
    };
    ($make:expr => $($promise:ident),* $(,)?) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                if let Some(store) = $crate::conformance::Made::made($make().await) {
                    $crate::conformance::$promise(store).await;
                }
            }
        )*
    };
}

/// Result of the function that is passed to [`store_conformance!`](crate::store_conformance): a store, or an `Option`
/// of one.
#[doc(hidden)]
pub trait Made {
    /// Type of the store.
    type Store: Store;

    /// Returns the store, if there is one.
    fn made(self) -> Option<Self::Store>;
}

impl<S: Store> Made for S {
    type Store = S;

    fn made(self) -> Option<S> {
        Some(self)
    }
}

impl<S: Store> Made for Option<S> {
    type Store = S;

    fn made(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_promise_is_in_the_macro() {
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
