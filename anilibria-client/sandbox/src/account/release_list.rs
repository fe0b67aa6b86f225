//! A list of releases of the account: favorites or collections.

/// Maximum number of releases on a list.
const CAPACITY: usize = 10_000;

/// A release on a list, with its note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<T> {
    /// Id of the release. The release need not exist: the live service does not check it.
    pub(crate) release: u32,
    pub(crate) note: T,
}

/// Error: the list has its maximum length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Unique releases in the order of their insertion.
#[derive(Debug)]
pub(crate) struct ReleaseList<T>(Vec<Entry<T>>);

impl<T> Default for ReleaseList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ReleaseList<T> {
    /// Entries, oldest first.
    pub(crate) fn entries(&self) -> &[Entry<T>] {
        &self.0
    }

    /// Adds a release, or changes the note of a release on the list.
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

    /// Removes releases from the list. Ids that are not on the list are ignored.
    pub(crate) fn remove(&mut self, releases: &[u32]) {
        self.0.retain(|entry| !releases.contains(&entry.release));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_is_on_the_list_once_with_its_last_note() {
        let mut release_list = ReleaseList::default();

        for (release, note) in [(7, "a"), (3, "b"), (7, "c")] {
            release_list.put(release, note).unwrap();
        }
        release_list.remove(&[3, 99]);

        assert_eq!(release_list.entries(), [Entry { release: 7, note: "c" }]);
    }

    #[test]
    fn list_has_a_maximum_length() {
        let mut release_list = ReleaseList::default();
        for release in 0..u32::try_from(CAPACITY).unwrap() {
            release_list.put(release, ()).unwrap();
        }

        assert_eq!(release_list.put(u32::MAX, ()), Err(Full));
        assert_eq!(release_list.put(0, ()), Ok(()));
    }
}
