//! Detection of missed messages by their numbers.

/// Messages received so far. The number of a message is one more than that of the message before. After a loss of data,
/// numbers continue with a greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// No message was received, and none was missed.
    Nothing,
    /// Messages may have been missed.
    Unknown,
    /// All messages up to this number were received; `None` if there was no message yet.
    UpTo(Option<u64>),
}

impl Received {
    /// Notes that message `number` was received. Returns true if messages before it are missing.
    pub(super) fn message(&mut self, number: u64) -> bool {
        match *self {
            // The message was sent between the subscription and the read of the last number, which includes it.
            Self::UpTo(Some(last)) if number <= last => return false,
            _ => {}
        }
        let is_next = match *self {
            Self::UpTo(Some(last)) => number == last.saturating_add(1),
            Self::UpTo(None) | Self::Nothing => true,
            Self::Unknown => false,
        };
        *self = Self::UpTo(Some(number));
        !is_next
    }

    /// Notes the last number after a connection was opened. Returns true if messages were missed before.
    pub(super) fn connected(&mut self, last: Option<u64>) -> bool {
        let missed = match *self {
            Self::Nothing => false,
            Self::Unknown => true,
            Self::UpTo(received) => received != last,
        };
        *self = Self::UpTo(last);
        missed
    }

    /// Notes the last number at a time up to which all messages should have been received. Returns true if some are missing.
    pub(super) fn checked(&mut self, last: Option<u64>) -> bool {
        let missed = match (*self, last) {
            (Self::UpTo(received), None) => received.is_some(),
            (Self::UpTo(received), Some(_)) => received < last,
            (Self::Nothing | Self::Unknown, _) => true,
        };
        if missed {
            *self = Self::UpTo(last);
        }
        missed
    }

    /// Notes a failed attempt to connect: from now on messages may be missed.
    pub(super) fn failed_to_connect(&mut self) {
        if *self == Self::Nothing {
            *self = Self::Unknown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_number_is_a_gap_and_the_next_one_is_not() {
        let mut received = Received::UpTo(Some(7));

        let gaps = [8, 9, 11, 12].map(|number| received.message(number));

        assert_eq!(gaps, [false, false, true, false]);
    }

    #[test]
    fn message_received_while_the_last_number_is_read_is_no_gap() {
        let mut received = Received::Nothing;
        let missed = received.connected(Some(7));

        let gaps = [6, 7, 8].map(|number| received.message(number));

        assert_eq!((missed, gaps), (false, [false; 3]));
    }

    #[test]
    fn other_number_after_a_reconnection_is_a_loss() {
        let cases = [(Some(7), false), (Some(8), true), (Some(6), true), (None, true)];

        for (last, missed) in cases {
            assert_eq!(Received::UpTo(Some(7)).connected(last), missed, "{last:?}");
        }
    }

    #[test]
    fn messages_may_be_missed_before_the_first_connection() {
        let mut received = Received::Nothing;
        received.failed_to_connect();

        assert!(received.connected(None));
        assert!(!received.connected(None));
    }

    #[test]
    fn check_finds_missing_messages_and_a_lost_number() {
        let cases = [(Some(7), false), (Some(6), false), (Some(8), true), (None, true)];

        for (last, missed) in cases {
            assert_eq!(Received::UpTo(Some(7)).checked(last), missed, "{last:?}");
        }
    }
}
