//! What the numbers of messages say about messages that did not come.

/// How much was heard of what was said. Each message has the number of the one before and one more; where counting
/// starts over, it does so higher up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing, and nothing was missed.
    Nothing,
    /// Something may have been missed.
    Unsure,
    /// All up to this number, or up to before the first.
    UpTo(Option<u64>),
}

impl Heard {
    /// Takes in message `number`; says whether some before it are missing.
    pub(super) fn message(&mut self, number: u64) -> bool {
        match *self {
            // Sent between the subscription and the question for the last number, whose answer includes it.
            Self::UpTo(Some(last)) if number <= last => return false,
            _ => {}
        }
        let is_next = match *self {
            Self::UpTo(Some(last)) => number == last.saturating_add(1),
            Self::UpTo(None) | Self::Nothing => true,
            Self::Unsure => false,
        };
        *self = Self::UpTo(Some(number));
        !is_next
    }

    /// Takes in, after a (re)connection, that `last` is the last number; says whether something was missed meanwhile.
    pub(super) fn connected(&mut self, last: Option<u64>) -> bool {
        let missed = match *self {
            Self::Nothing => false,
            Self::Unsure => true,
            Self::UpTo(heard) => heard != last,
        };
        *self = Self::UpTo(last);
        missed
    }

    /// Takes in that `last` was the last number at a time up to which everything should have been heard; says whether
    /// something is missing.
    pub(super) fn checked(&mut self, last: Option<u64>) -> bool {
        let missed = match (*self, last) {
            (Self::UpTo(heard), None) => heard.is_some(),
            (Self::UpTo(heard), Some(_)) => heard < last,
            (Self::Nothing | Self::Unsure, _) => true,
        };
        if missed {
            *self = Self::UpTo(last);
        }
        missed
    }

    /// Takes in that a try to connect failed: from now on something may be said unheard.
    pub(super) fn failed_to_connect(&mut self) {
        if *self == Self::Nothing {
            *self = Self::Unsure;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_left_out_is_a_gap_and_the_next_one_is_none() {
        let mut heard = Heard::UpTo(Some(7));

        let gaps = [8, 9, 11, 12].map(|number| heard.message(number));

        assert_eq!(gaps, [false, false, true, false]);
    }

    #[test]
    fn what_came_while_the_last_number_was_asked_for_is_no_gap() {
        let mut heard = Heard::Nothing;
        let missed = heard.connected(Some(7));

        let gaps = [6, 7, 8].map(|number| heard.message(number));

        assert_eq!((missed, gaps), (false, [false; 3]));
    }

    #[test]
    fn any_other_number_after_a_pause_is_a_loss() {
        let cases = [(Some(7), false), (Some(8), true), (Some(6), true), (None, true)];

        for (last, missed) in cases {
            assert_eq!(Heard::UpTo(Some(7)).connected(last), missed, "{last:?}");
        }
    }

    #[test]
    fn who_could_not_connect_at_once_may_have_missed_something() {
        let mut heard = Heard::Nothing;
        heard.failed_to_connect();

        assert!(heard.connected(None));
        assert!(!heard.connected(None));
    }

    #[test]
    fn a_check_finds_what_is_missing_and_what_was_forgotten() {
        let cases = [(Some(7), false), (Some(6), false), (Some(8), true), (None, true)];

        for (last, missed) in cases {
            assert_eq!(Heard::UpTo(Some(7)).checked(last), missed, "{last:?}");
        }
    }
}
