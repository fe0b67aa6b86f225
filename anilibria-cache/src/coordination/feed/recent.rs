//! What a feed remembers by itself, for when Redis does not.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{PostId, Posted};

/// The last posts that were made or heard here, in order. Cheap to clone: clones share them.
#[derive(Clone, Default)]
pub(super) struct Recent(Arc<Mutex<VecDeque<Posted>>>);

impl Recent {
    /// Remembers a post, and no more than `most` in all.
    pub(super) fn add(&self, post: Posted, most: usize) {
        let mut posts = self.posts();
        let at = posts.partition_point(|known| known.id < post.id);
        if posts.get(at).is_none_or(|known| known.id != post.id) {
            posts.insert(at, post);
        }
        while posts.len() > most {
            posts.pop_front();
        }
    }

    /// The last one.
    pub(super) fn last(&self) -> Option<PostId> {
        self.posts().back().map(|post| post.id)
    }

    /// Those after `last`, the oldest first.
    pub(super) fn since(&self, last: PostId) -> Vec<Posted> {
        let posts = self.posts();
        let from = posts.partition_point(|post| post.id <= last);
        posts.range(from..).cloned().collect()
    }

    fn posts(&self) -> MutexGuard<'_, VecDeque<Posted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn last_posts_are_remembered_once_and_in_order() {
        let recent = Recent::default();
        let id = |number: u16| -> PostId { format!("1700000000000-{number:04}").parse().unwrap() };
        let post = |number| Posted { id: id(number), payload: Bytes::new(), note: None };

        for number in [3, 1, 2, 3, 4] {
            recent.add(post(number), 3);
        }

        assert_eq!(recent.last(), Some(id(4)));
        assert_eq!(recent.since(id(2)), [post(3), post(4)]);
        assert_eq!(recent.since(PostId::default()).len(), 3);
    }
}
