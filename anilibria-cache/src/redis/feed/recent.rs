//! What a feed remembers by itself, for when Redis does not.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::PostId;

/// The last posts that were made or heard here, in order. Cheap to clone: clones share them.
#[derive(Clone, Default)]
pub(super) struct Recent(Arc<Mutex<VecDeque<(PostId, Bytes)>>>);

impl Recent {
    /// Remembers a post, and no more than `most` in all.
    pub(super) fn add(&self, id: PostId, payload: Bytes, most: usize) {
        let mut posts = self.posts();
        let at = posts.partition_point(|(known, _)| *known < id);
        if posts.get(at).is_none_or(|(known, _)| *known != id) {
            posts.insert(at, (id, payload));
        }
        while posts.len() > most {
            posts.pop_front();
        }
    }

    /// The last one.
    pub(super) fn last(&self) -> Option<PostId> {
        self.posts().back().map(|(id, _)| *id)
    }

    /// Those after `last`, the oldest first.
    pub(super) fn since(&self, last: PostId) -> Vec<(PostId, Bytes)> {
        let posts = self.posts();
        let from = posts.partition_point(|(id, _)| *id <= last);
        posts.range(from..).cloned().collect()
    }

    fn posts(&self) -> MutexGuard<'_, VecDeque<(PostId, Bytes)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_posts_are_remembered_once_and_in_order() {
        let recent = Recent::default();
        let id = |number: u16| -> PostId { format!("1700000000000-{number:04}").parse().unwrap() };

        for number in [3, 1, 2, 3, 4] {
            recent.add(id(number), Bytes::new(), 3);
        }

        assert_eq!(recent.last(), Some(id(4)));
        assert_eq!(recent.since(id(2)), [(id(3), Bytes::new()), (id(4), Bytes::new())]);
        assert_eq!(recent.since(PostId::default()).len(), 3);
    }
}
