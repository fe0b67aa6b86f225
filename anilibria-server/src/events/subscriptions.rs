//! The subscriptions of one client: titles and kinds of events.

use super::event::Event;
use crate::titles::change::EventKind;

/// Maximum number of titles that one client can follow.
pub const MAX_TITLES: usize = 200;

/// Subscriptions of one client: followed titles, and kinds of events regardless of the title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    /// Followed titles, sorted and without repeats.
    titles: Vec<u32>,
    /// Selected kinds, one bit each.
    kinds: u8,
}

/// Error of following more titles than [`MAX_TITLES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {MAX_TITLES} titles can be followed over one connection")]
pub struct TooManyTitles;

impl Subscriptions {
    /// Follows a title. Returns true if it was not followed before.
    ///
    /// # Errors
    ///
    /// [`MAX_TITLES`] titles are followed already.
    pub fn follow(&mut self, title_id: u32) -> Result<bool, TooManyTitles> {
        match self.titles.binary_search(&title_id) {
            Ok(_) => Ok(false),
            Err(_) if self.titles.len() >= MAX_TITLES => Err(TooManyTitles),
            Err(at) => {
                self.titles.insert(at, title_id);
                Ok(true)
            }
        }
    }

    /// Unfollows a title. Returns true if it was followed before.
    pub fn unfollow(&mut self, title_id: u32) -> bool {
        let found = self.titles.binary_search(&title_id);
        found.map(|at| self.titles.remove(at)).is_ok()
    }

    /// Selects all events of `kinds`. The selection replaces the previous one.
    pub fn select(&mut self, kinds: impl IntoIterator<Item = EventKind>) {
        self.kinds = kinds.into_iter().fold(0, |kinds, kind| kinds | bit(kind));
    }

    /// Returns the followed titles.
    pub fn titles(&self) -> &[u32] {
        &self.titles
    }

    /// Returns the number of subscriptions: titles and kinds.
    pub fn len(&self) -> usize {
        self.titles.len() + self.kinds.count_ones() as usize
    }

    /// Returns true if there is no subscription.
    pub fn is_empty(&self) -> bool {
        self.titles.is_empty() && self.kinds == 0
    }

    /// Returns true if the title of `event` is followed or its kind is selected, and clients may receive the kind.
    pub fn matches(&self, event: &Event) -> bool {
        let kind = event.kind();
        let follows = || self.titles.binary_search(&event.title_id()).is_ok();
        kind.is_for_clients() && (self.kinds & bit(kind) != 0 || follows())
    }
}

const _: () = assert!(EventKind::ALL.len() <= u8::BITS as usize, "a bit for each kind of event");

/// Returns the bit of `kind` in the set of kinds.
fn bit(kind: EventKind) -> u8 {
    1 << kind as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::event::tests::event;

    #[test]
    fn event_matches_by_title_or_by_kind() {
        let event = event(1, 7);
        let mut subscriptions = Subscriptions::default();
        assert!(!subscriptions.matches(&event));

        assert_eq!(subscriptions.follow(7), Ok(true));
        assert_eq!(subscriptions.follow(7), Ok(false));
        assert!(subscriptions.matches(&event));
        assert!(subscriptions.unfollow(7) && !subscriptions.unfollow(7));
        assert!(!subscriptions.matches(&event));

        subscriptions.select([EventKind::NewEpisode, EventKind::StatusChange]);
        assert!(subscriptions.matches(&event));
        subscriptions.select([EventKind::NewEpisode]);
        assert!(!subscriptions.matches(&event));
        subscriptions.select([]);
        assert!(subscriptions.is_empty());
    }

    #[test]
    fn number_of_titles_is_limited() {
        let mut subscriptions = Subscriptions::default();
        for title_id in 0..u32::try_from(MAX_TITLES).unwrap() {
            assert_eq!(subscriptions.follow(title_id), Ok(true));
        }

        assert_eq!(subscriptions.follow(999), Err(TooManyTitles));
        assert_eq!(subscriptions.follow(5), Ok(false));
    }
}
