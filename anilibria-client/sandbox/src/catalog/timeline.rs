//! Dates of releases and episodes, and the state of the dubbing.
//!
//! All dates are relative to one fixed time, so that a seed gives the same bytes in any year.

use fastrand::Rng;
use time::macros::datetime;
use time::{Date, Month, Time};

use crate::random::{self, random, weighted};

use super::reference::{AUTUMN, Choice, SPRING, SUMMER};

/// Creation time of the catalog, in seconds since 1970.
pub(crate) const EPOCH: i64 = datetime!(2026-11-01 12:00 UTC).unix_timestamp();

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
const FIRST_YEAR: u16 = 2010;
const LAST_YEAR: u16 = 2026;

/// Rank of the newest release. The rank of the oldest one is near 0.
pub(super) const NEWEST: u32 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No episode is published yet.
    Announced,
    Ongoing,
    /// The broadcast has ended, the dubbing continues.
    Dubbing,
    Finished,
}

/// State of the work on a release.
#[derive(Debug)]
pub(super) struct Work {
    state: State,
    pub(super) total_is_known: bool,
    /// Numbers of the published episodes in tenths, in ascending order.
    ordinals: Vec<u32>,
}

impl Work {
    /// Generates the state of a release with `planned` episodes. Newer releases are more often in production.
    pub(super) fn draw(seed: u64, newness: u32, planned: u32) -> Self {
        let rng = &mut random::stream(seed, "work", 0);
        let is_new = newness > NEWEST * 3 / 4;
        let in_production = random(rng, if is_new { 40 } else { 3 });
        let state = weighted(rng, &[(12, State::Announced), (68, State::Ongoing), (20, State::Dubbing)]);
        // The newest release is always on air, so that even the smallest catalog has a release to wait for.
        let state = match (newness >= NEWEST, in_production, is_new) {
            (true, _, _) => State::Ongoing,
            (_, false, _) => State::Finished,
            (_, true, false) => State::Dubbing,
            (_, true, true) => state,
        };
        let partly = rng.u32(1..planned.max(2));
        let out = match state {
            State::Announced => 0,
            State::Ongoing | State::Dubbing => partly,
            State::Finished => planned,
        };
        let total_is_known = match state {
            State::Announced => false,
            State::Ongoing => !random(rng, 25),
            State::Dubbing | State::Finished => !random(rng, 2),
        };
        Self { state, total_is_known, ordinals: ordinals(rng, out) }
    }

    pub(super) fn is_ongoing(&self) -> bool {
        self.state == State::Ongoing
    }

    pub(super) fn is_in_production(&self) -> bool {
        self.state != State::Finished
    }
}

/// Generates integers from 1. Sometimes a recap episode in the middle has a fractional number.
fn ordinals(rng: &mut Rng, out: u32) -> Vec<u32> {
    let mut ordinals: Vec<_> = (1..=out).map(|number| number * 10).collect();
    if out >= 10 && random(rng, 8) {
        ordinals.push(rng.u32(5..out) * 10 + 5);
        ordinals.sort_unstable();
    }
    ordinals
}

/// Dates of a release, in seconds since 1970.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) year: u16,
    /// Creation time; `None` for old releases.
    pub(super) created_at: Option<i64>,
    pub(super) updated_at: i64,
    /// Number (in tenths) and date of each published episode, in ascending order.
    pub(super) episodes: Vec<(u32, i64)>,
}

impl Timeline {
    /// Generates the dates of a release of this season and state.
    pub(super) fn draw(seed: u64, newness: u32, season: Option<&Choice>, work: &Work) -> Self {
        let rng = &mut random::stream(seed, "timeline", 0);
        let year = draw_year(rng, newness, work.state);
        let is_undated = random(rng, 60) && year < FIRST_YEAR + 4;
        let start = season_begin(year, season) + rng.i64(0..40 * DAY);
        let weeks = i64::try_from(work.ordinals.len()).unwrap_or(0) - 1;
        let end = match work.state {
            State::Announced => EPOCH - DAY - rng.i64(0..60 * DAY),
            State::Ongoing => EPOCH - 3600 - rng.i64(0..13 * DAY),
            State::Dubbing => EPOCH - 3600 - rng.i64(0..40 * DAY),
            State::Finished => (start + weeks * WEEK).min(EPOCH - 16 * DAY - rng.i64(0..30 * DAY)),
        };
        let episodes: Vec<_> = (0..)
            .zip(&work.ordinals)
            .map(|(week, ordinal)| (*ordinal, end - (weeks - week) * WEEK))
            .collect();
        let begin = episodes.first().map_or(end, |(_, at)| *at);
        let created_at = (!is_undated).then_some(begin - rng.i64(DAY..20 * DAY));
        Self { year, created_at, updated_at: end + rng.i64(0..3600), episodes }
    }
}

fn draw_year(rng: &mut Rng, newness: u32, state: State) -> u16 {
    let years = u32::from(LAST_YEAR - FIRST_YEAR) + 1;
    let offset = u16::try_from(newness * years / NEWEST).unwrap_or(u16::MAX);
    let usual = FIRST_YEAR.saturating_add(offset).min(LAST_YEAR);
    let older = if random(rng, 15) { rng.u16(1..=4) } else { 0 };
    match state {
        State::Announced | State::Ongoing => LAST_YEAR - older.min(1),
        State::Dubbing | State::Finished => (usual - older).max(FIRST_YEAR),
    }
}

/// Start of a season. Without a season, the start of the year.
fn season_begin(year: u16, season: Option<&Choice>) -> i64 {
    let month = match season {
        Some(season) if *season == SPRING => Month::April,
        Some(season) if *season == SUMMER => Month::July,
        Some(season) if *season == AUTUMN => Month::October,
        _ => Month::January,
    };
    Date::from_calendar_date(i32::from(year), month, 1)
        .map_or(EPOCH, |date| date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::reference::WINTER;

    #[test]
    fn dates_are_not_after_the_epoch_and_episodes_are_in_order() {
        for seed in 0..2000 {
            let newness = u32::try_from(seed).unwrap() * 5 + 5;
            let work = Work::draw(seed, newness, 12);
            let times = Timeline::draw(seed, newness, Some(&AUTUMN), &work);

            assert!(times.updated_at <= EPOCH, "{seed}");
            assert!(times.episodes.is_sorted_by_key(|(_, at)| *at), "{seed}");
            assert!(times.episodes.is_sorted_by_key(|(ordinal, _)| *ordinal), "{seed}");
            assert!((FIRST_YEAR..=LAST_YEAR).contains(&times.year), "{seed}");
        }
    }

    #[test]
    fn seasons_begin_with_a_quarter() {
        assert_eq!(season_begin(2026, Some(&WINTER)), datetime!(2026-01-01 0:00 UTC).unix_timestamp());
        assert_eq!(season_begin(2026, Some(&AUTUMN)), datetime!(2026-10-01 0:00 UTC).unix_timestamp());
    }
}
