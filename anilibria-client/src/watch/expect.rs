//! What the schedule leads one to expect at a moment.

use time::{OffsetDateTime, UtcOffset};

use super::cursor::{Cursor, Mark};

/// How far from the hour of its last episode the next one of a release is looked out for, in seconds.
const AROUND: i64 = 60 * 60;

const DAY: i64 = 24 * 60 * 60;

/// How near the next episode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expectation {
    /// Nothing is due today.
    Nothing,
    /// Something is due today.
    Today,
    /// Something is due today, at about this hour.
    Now,
}

/// What is due at `now`, by the publish days of the releases that are remembered. The schedule tells only the day of
/// the week, in Moscow; the hour is that of the last episode.
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

fn of_release(mark: &Mark, now: OffsetDateTime) -> Expectation {
    let Some((head, day)) = mark.head.zip(mark.publish_day) else { return Expectation::Nothing };
    let moscow = UtcOffset::from_hms(3, 0, 0).unwrap_or(UtcOffset::UTC);
    let today = now.to_offset(moscow);
    let is_due = (head.is_ongoing || head.is_in_production) && day.weekday() == Some(today.weekday());
    let last = head.fresh_at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    match last.map(|last| last.to_offset(moscow)) {
        _ if !is_due => Expectation::Nothing,
        Some(last) if last.date() == today.date() => Expectation::Nothing,
        Some(last) => {
            let apart = (today.unix_timestamp() - last.unix_timestamp()).rem_euclid(DAY);
            if apart.min(DAY - apart) <= AROUND { Expectation::Now } else { Expectation::Today }
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
        watch::{cursor::Learned, head::Head},
    };

    /// A release of Mondays whose last episode came out on a Monday at 18:00 in Moscow.
    fn cursor() -> Cursor {
        let release = Release {
            publish_day: Some(PublishDay(1)),
            fresh_at: Some(datetime!(2026-11-02 15:00 UTC)),
            is_ongoing: true,
            ..Release::default()
        };
        let mut cursor = Cursor::default();
        cursor.settle(vec![Learned::new(Head::from(&release), Some(&release))], 300);
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
}
