//! A list of releases that an account keeps: its favourites, or its collections.

/// How many releases a list can hold.
const CAPACITY: usize = 10_000;

/// A release on a list, and what is noted beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<T> {
    /// Need not exist: the live service does not look.
    pub(crate) release: u32,
    pub(crate) note: T,
}

/// The list is as long as it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Releases in the order they were added, each of them once.
#[derive(Debug)]
pub(crate) struct Shelf<T>(Vec<Entry<T>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Shelf<T> {
    /// The entries, first added first.
    pub(crate) fn entries(&self) -> &[Entry<T>] {
        &self.0
    }

    /// Adds a release, or changes the note beside one that is there.
    pub(crate) fn put(&mut self, release: u32, note: T) -> Result<(), Full> {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.release == release) {
            entry.note = note;
        } else if self.0.len() < CAPACITY {
            self.0.push(Entry { release, note });
        } else {
            return Err(Full);
        }
        Ok(())
    }

    /// Takes releases off the list; those that are not on it are nobody's error.
    pub(crate) fn remove(&mut self, releases: &[u32]) {
        self.0.retain(|entry| !releases.contains(&entry.release));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_stands_on_the_list_once_with_its_last_note() {
        let mut shelf = Shelf::default();

        for (release, note) in [(7, "a"), (3, "b"), (7, "c")] {
            shelf.put(release, note).unwrap();
        }
        shelf.remove(&[3, 99]);

        assert_eq!(shelf.entries(), [Entry { release: 7, note: "c" }]);
    }

    #[test]
    fn a_list_stops_growing_at_its_limit() {
        let mut shelf = Shelf::default();
        for release in 0..u32::try_from(CAPACITY).unwrap() {
            shelf.put(release, ()).unwrap();
        }

        assert_eq!(shelf.put(u32::MAX, ()), Err(Full));
        assert_eq!(shelf.put(0, ()), Ok(()));
    }
}
