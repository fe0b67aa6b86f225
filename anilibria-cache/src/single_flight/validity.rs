//! Whether the result of a load may still be kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{invalidation::Action, tag::Tag};

/// What may become of the result of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may be kept.
    Keep,
    /// It may not, and what of it is already written has to go in this way: what it depends on was changed meanwhile.
    TakeBack(Action),
    /// It may not, and what it may have written is already replaced.
    Leave,
}

/// What was changed while a load was under way.
#[derive(Default)]
pub(super) struct Validity {
    changes: Mutex<Changes>,
    news: Notify,
}

#[derive(Default)]
struct Changes {
    what: Changed,
    /// Whether something was removed, not only expired: then the old value may not be served as stale either.
    removes: bool,
}

enum Changed {
    /// What carries one of these tags.
    Tags(Vec<Tag>),
    /// What is being loaded, or too much to remember.
    Everything,
    /// What is being loaded, which has got a new value.
    Superseded,
}

/// So many tags are remembered for a load under way; with more its result is not kept.
pub(super) const MAX_CHANGED_TAGS: usize = 64;

impl Default for Changed {
    fn default() -> Self {
        Self::Tags(Vec::new())
    }
}

impl Validity {
    /// What is being loaded was changed.
    pub(super) fn end(&self, action: Action) {
        self.change(action, |what| match what {
            Changed::Superseded => {}
            _ => *what = Changed::Everything,
        });
    }

    /// What carries `tag` was changed.
    pub(super) fn end_for(&self, tag: &Tag, action: Action) {
        self.change(action, |what| match what {
            Changed::Tags(tags) if tags.contains(tag) => {}
            Changed::Tags(tags) if tags.len() < MAX_CHANGED_TAGS => tags.push(tag.clone()),
            Changed::Superseded => {}
            _ => *what = Changed::Everything,
        });
    }

    /// What is being loaded has got a new value.
    pub(super) fn supersede(&self) {
        self.change(Action::Expire, |what| *what = Changed::Superseded);
    }

    /// Waits until something is changed, or was since the last time. Only one can wait.
    pub(super) async fn changed(&self) {
        self.news.notified().await;
    }

    fn change(&self, action: Action, note: impl FnOnce(&mut Changed)) {
        let mut changes = self.lock();
        changes.removes |= action == Action::Remove;
        note(&mut changes.what);
        drop(changes);
        self.news.notify_one();
    }

    /// How many tags have been changed; `None` when more has.
    pub(super) fn told(&self) -> Option<usize> {
        match &self.lock().what {
            Changed::Tags(tags) => Some(tags.len()),
            Changed::Everything | Changed::Superseded => None,
        }
    }

    /// Whether none of `tags` was among the first `told` that were changed.
    pub(super) fn held(&self, told: usize, tags: &[Tag]) -> bool {
        match &self.lock().what {
            Changed::Tags(changed) => !changed.iter().take(told).any(|tag| tags.contains(tag)),
            // Which they were is forgotten.
            Changed::Everything | Changed::Superseded => told == 0,
        }
    }

    /// What may become of a result that carries `tags`.
    pub(super) fn verdict(&self, tags: &[Tag]) -> Verdict {
        let changes = self.lock();
        match &changes.what {
            Changed::Tags(those) if !tags.iter().any(|tag| those.contains(tag)) => Verdict::Keep,
            Changed::Tags(_) | Changed::Everything => {
                Verdict::TakeBack(if changes.removes { Action::Remove } else { Action::Expire })
            }
            Changed::Superseded => Verdict::Leave,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
