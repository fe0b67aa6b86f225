//! The clock of the schedule and the account. The catalog ignores it.

use time::{OffsetDateTime, UtcOffset};

/// Source of the current time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Clock {
    /// Clock of the machine.
    #[default]
    System,
    /// A fixed time, for tests.
    Fixed(OffsetDateTime),
}

impl Clock {
    pub(crate) fn now(self) -> OffsetDateTime {
        match self {
            Self::System => OffsetDateTime::now_utc(),
            Self::Fixed(moment) => moment,
        }
    }
}

/// Weekday of `moment` in Moscow, from 1 (Monday) to 7 (Sunday).
pub(crate) fn weekday(moment: OffsetDateTime) -> u8 {
    // Moscow has had no daylight saving time since 2014, so a fixed offset is exact.
    let moscow = UtcOffset::from_hms(3, 0, 0).unwrap_or(UtcOffset::UTC);
    moment.checked_to_offset(moscow).unwrap_or(moment).weekday().number_from_monday()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::weekday;

    #[test]
    fn day_begins_at_midnight_in_moscow() {
        let sunday_evening = datetime!(2026-11-01 20:59:59 UTC);
        let monday_in_moscow = datetime!(2026-11-01 21:00:00 UTC);

        assert_eq!(weekday(sunday_evening), 7);
        assert_eq!(weekday(monday_in_moscow), 1);
    }
}
