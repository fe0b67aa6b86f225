//! Episodes that are due at a given time.

use time::{OffsetDateTime, UtcOffset};

use super::cursor::{Cursor, KnownRelease};

/// Maximum distance of an episode from the hour of the one before, in seconds.
const DUE_WINDOW: i64 = 60 * 60;

const DAY: i64 = 24 * 60 * 60;

/// Distance of the next episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expectation {
    /// No episode is due today.
    Nothing,
    /// An episode is due today.
    Today,
    /// An episode is due today, at about this hour.
    Now,
}

/// Returns the distance of the next episode at `now`, by the publish days of the remembered releases. The schedule has only
/// the day of the week, in Moscow; the hour is that of the last episode.
pub(super) fn expectation(cursor: &Cursor, now: OffsetDateTime) -> Expectation {
    let mut expectation = Expectation::Nothing;
    for mark in cursor.marks() {
        match of_release(mark, now) {
            Expectation::Now => return Expectation::Now,
            Expectation::Today => expectation = Expectation::Today,
            Expectation::Nothing => {}
        }
    }
    expectation
}

fn of_release(mark: &KnownRelease, now: OffsetDateTime) -> Expectation {
    let Some((head, day)) = mark.head.zip(mark.publish_day) else { return Expectation::Nothing };
    let moscow = UtcOffset::from_hms(3, 0, 0).unwrap_or(UtcOffset::UTC);
    let today = now.checked_to_offset(moscow).unwrap_or(now);
    let is_due = (head.is_ongoing || head.is_in_production) && day.weekday() == Some(today.weekday());
    let last = head.fresh_at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    match last.and_then(|last| last.checked_to_offset(moscow)) {
        _ if !is_due => Expectation::Nothing,
        Some(last) if last.date() == today.date() => Expectation::Nothing,
        Some(last) => {
            let apart = (today.unix_timestamp() - last.unix_timestamp()).rem_euclid(DAY);
            if apart.min(DAY - apart) <= DUE_WINDOW { Expectation::Now } else { Expectation::Today }
        }
        None => Expectation::Today,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        model::{PublishDay, Release},
        watch::{
            cursor::{PollState, PolledRelease},
            head::Head,
        },
    };

    /// A release of Mondays whose last episode came out on a Monday at 18:00 in Moscow.
    fn cursor() -> Cursor {
        cursor_of(datetime!(2026-11-02 15:00 UTC))
    }

    fn cursor_of(fresh_at: OffsetDateTime) -> Cursor {
        let release = Release {
            publish_day: Some(PublishDay(1)),
            fresh_at: Some(fresh_at),
            is_ongoing: true,
            ..Release::default()
        };
        let mut cursor = Cursor::default();
        let polled = vec![PolledRelease::new(Head::from(&release), Some(&release))];
        cursor.store(PollState { polled, ..PollState::default() }, 300, datetime!(2026-11-02 15:30 UTC));
        cursor
    }

    #[test]
    fn next_episode_is_due_a_week_later_around_the_hour_of_the_last() {
        let cases = [
            (datetime!(2026-11-09 14:30 UTC), Expectation::Now),
            (datetime!(2026-11-09 08:00 UTC), Expectation::Today),
            // In Moscow the day has begun already.
            (datetime!(2026-11-08 21:30 UTC), Expectation::Today),
            (datetime!(2026-11-08 20:30 UTC), Expectation::Nothing),
            (datetime!(2026-11-10 15:00 UTC), Expectation::Nothing),
        ];

        for (now, expected) in cases {
            assert_eq!(expectation(&cursor(), now), expected, "{now}");
        }
    }

    #[test]
    fn nothing_more_is_due_on_the_day_on_which_it_came_out() {
        assert_eq!(expectation(&cursor(), datetime!(2026-11-02 15:30 UTC)), Expectation::Nothing);
    }

    #[test]
    fn dates_at_the_ends_of_the_calendar_are_harmless() {
        let ends = [datetime!(-9999-01-01 00:00 UTC), datetime!(9999-12-31 23:59:59 UTC)];

        for (fresh_at, now) in ends.into_iter().flat_map(|one| ends.map(|other| (one, other))) {
            expectation(&cursor_of(fresh_at), now);
        }
    }
}
