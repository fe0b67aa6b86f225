//! A bounded list that drops its oldest entries.

use std::collections::VecDeque;

/// Maximum number of sessions, codes, states and reset tokens, each.
const CAPACITY: usize = 1000;

/// The newest entries of a kind, oldest first.
#[derive(Debug)]
pub(super) struct Queue<T>(VecDeque<T>);

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Queue<T> {
    /// Adds an entry. Drops the oldest entry if the queue is full.
    pub(super) fn push(&mut self, entry: T) {
        if self.0.len() >= CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.0.back()
    }

    pub(super) fn find(&self, test: impl Fn(&T) -> bool) -> Option<&T> {
        self.0.iter().find(|entry| test(entry))
    }

    pub(super) fn find_mut(&mut self, test: impl Fn(&T) -> bool) -> Option<&mut T> {
        self.0.iter_mut().find(|entry| test(entry))
    }

    /// Removes and returns the first entry that satisfies `test`.
    pub(super) fn take(&mut self, test: impl Fn(&T) -> bool) -> Option<T> {
        let place = self.0.iter().position(test)?;
        self.0.remove(place)
    }

    pub(super) fn retain(&mut self, test: impl Fn(&T) -> bool) {
        self.0.retain(test);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_entries_are_dropped() {
        let mut queue = Queue::default();

        for number in 0..=CAPACITY {
            queue.push(number);
        }

        assert_eq!(queue.find(|number| *number == 0), None);
        assert_eq!(queue.find(|number| *number == 1), Some(&1));
        assert_eq!(queue.last(), Some(&CAPACITY));
    }
}
