//! Dates and lengths in a form for people.

use std::time::Duration;

use time::{OffsetDateTime, macros::format_description};

/// Returns the day in UTC as `2026-01-31`.
pub(crate) fn date(moment: OffsetDateTime) -> String {
    // The format has only components that every date has.
    moment.to_utc().format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// Returns the length of an episode as `23:40` or `1:02:03`.
pub(crate) fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 { format!("{minutes}:{seconds:02}") } else { format!("{hours}:{minutes:02}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn dates_and_lengths_are_readable() {
        assert_eq!(date(datetime!(2026-02-01 01:30 +3)), "2026-01-31");
        assert_eq!(length(Duration::from_secs(23 * 60 + 4)), "23:04");
        assert_eq!(length(Duration::from_secs(3600 + 62)), "1:01:02");
    }
}
