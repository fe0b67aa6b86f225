//! What day it is for the schedule; everything else in the sandbox ignores the clock.

use time::{OffsetDateTime, UtcOffset};

/// Where the sandbox takes the current moment from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Clock {
    /// The clock of the machine.
    #[default]
    System,
    /// Always the same moment, for tests.
    Fixed(OffsetDateTime),
}

impl Clock {
    /// Today's weekday in Moscow, 1 for Monday to 7 for Sunday.
    pub(crate) fn weekday(self) -> u8 {
        let now = match self {
            Self::System => OffsetDateTime::now_utc(),
            Self::Fixed(moment) => moment,
        };
        // Moscow has had no summer time since 2014, so a fixed offset is exact.
        let moscow = UtcOffset::from_hms(3, 0, 0).unwrap_or(UtcOffset::UTC);
        now.to_offset(moscow).weekday().number_from_monday()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::Clock;

    #[test]
    fn the_day_begins_at_midnight_in_moscow() {
        let sunday_evening = Clock::Fixed(datetime!(2026-11-01 20:59:59 UTC));
        let monday_in_moscow = Clock::Fixed(datetime!(2026-11-01 21:00:00 UTC));

        assert_eq!(sunday_evening.weekday(), 7);
        assert_eq!(monday_in_moscow.weekday(), 1);
    }
}
