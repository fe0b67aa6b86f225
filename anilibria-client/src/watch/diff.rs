//! Comparison of releases with their known state.

use std::sync::Arc;

use super::{
    cursor::{Cursor, EpisodeState},
    event::Event,
};
use crate::model::{Episode, Release};

/// Returns the changes in `seen`, in its order, relative to the state `known`.
///
/// Each release must have its episodes; without them only its status is compared. Events are grouped by release: first the
/// release itself, then its episodes in their order, then its status. A cursor to which all of them were
/// [applied](Cursor::apply) has no changes in the same releases.
pub fn diff(known: &Cursor, seen: &[Release]) -> Vec<Event> {
    seen.iter().flat_map(|release| of_release(known, release)).collect()
}

fn of_release(known: &Cursor, seen: &Release) -> Vec<Event> {
    let release = Arc::new(without_parts(seen));
    let mark = known.get(seen.id);
    let is_new = mark.is_none() && known.is_new(seen);
    let mut events = Vec::new();
    if is_new {
        events.push(Event::NewRelease { release: Arc::clone(&release) });
    }
    for episode in in_order(seen.episodes.as_deref().unwrap_or_default()) {
        let event = |episode: &Episode| (Arc::clone(&release), Arc::new(episode.clone()));
        match known.episode_state(seen.id, mark, episode) {
            EpisodeState::Known if !is_new => {}
            EpisodeState::Changed => {
                let (release, episode) = event(episode);
                events.push(Event::EpisodeUpdate { release, episode });
            }
            EpisodeState::New | EpisodeState::Known => {
                let (release, episode) = event(episode);
                events.push(Event::NewEpisode { release, episode });
            }
        }
    }
    match mark {
        Some(mark) if mark.status != seen.status() => {
            events.push(Event::StatusChange { release, old: mark.status, new: seen.status() });
        }
        // An old release has changed, and its earlier state is not known.
        None if events.is_empty() => events.push(Event::Resync),
        _ => {}
    }
    events
}

/// Returns the episodes by their place in the list, then by number; each one once.
fn in_order(episodes: &[Episode]) -> Vec<&Episode> {
    let mut order: Vec<_> = episodes.iter().collect();
    order.sort_by(|one, other| {
        one.sort_order.cmp(&other.sort_order).then(one.ordinal.total_cmp(&other.ordinal))
    });
    let mut seen_ids = std::collections::HashSet::new();
    order.retain(|episode| seen_ids.insert(episode.id));
    order
}

/// Returns the release with the fields of the list of latest releases. Its other parts are large, and other events carry them.
fn without_parts(release: &Release) -> Release {
    let episodes = release.episodes.as_deref().unwrap_or_default();
    let latest = in_order(episodes).last().map(|episode| Box::new((*episode).clone()));
    Release {
        latest_episode: latest.or_else(|| release.latest_episode.clone()),
        episodes: None,
        torrents: None,
        members: None,
        sponsors: None,
        background_covers: None,
        ..release.clone()
    }
}
