//! Detection of new episodes in playlist updates.

use std::collections::{HashSet, VecDeque};

use serde_json::{Map, Value};

use super::event::PlaylistUpdate;
use crate::model::{Quality, ReleaseId};

/// Maximum number of episodes that are remembered.
const MAX_KNOWN: usize = 4096;

/// Condition under which an [episode](super::Event::TitleEpisode) is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EpisodeRule {
    /// All three qualities are available and at least one was missing before, as in anilibria.py.
    #[default]
    Complete,
    /// One quality is available and none was before. Each episode is reported once.
    FirstStream,
    /// No episode is new. Only playlist updates are yielded, and no title is read.
    Never,
}

/// Separates new episodes from changed ones.
#[derive(Debug)]
pub(super) struct NewEpisodes {
    rule: EpisodeRule,
    known: HashSet<(ReleaseId, String)>,
    /// The known episodes, oldest first.
    order: VecDeque<(ReleaseId, String)>,
}

impl NewEpisodes {
    pub(super) fn new(rule: EpisodeRule) -> Self {
        Self { rule, known: HashSet::new(), order: VecDeque::new() }
    }

    /// Returns true if `update` has a new episode.
    pub(super) fn is_new(&mut self, update: &PlaylistUpdate) -> bool {
        match self.rule {
            EpisodeRule::Complete => is_complete(update),
            EpisodeRule::FirstStream => is_first(update) && self.remember(update),
            EpisodeRule::Never => false,
        }
    }

    /// Records the episode. Returns false if it is known.
    fn remember(&mut self, update: &PlaylistUpdate) -> bool {
        let episode = (update.id, number(update));
        if !self.known.insert(episode.clone()) {
            return false;
        }
        self.order.push_back(episode);
        if self.order.len() > MAX_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// Returns the number of the episode as a key of the playlist.
fn number(update: &PlaylistUpdate) -> String {
    update.updated_episode.episode.to_string()
}

/// Returns true if all qualities are available and at least one was missing before.
fn is_complete(update: &PlaylistUpdate) -> bool {
    let has_all =
        Quality::BEST_FIRST.iter().all(|quality| update.updated_episode.hls.get(*quality).is_some());
    let before = before(update).and_then(|episode| episode.get("hls")).and_then(Value::as_object);
    has_all && before.is_some_and(|hls| hls.values().any(Value::is_null))
}

/// Returns true if a quality is available, and none of the available ones was before.
fn is_first(update: &PlaylistUpdate) -> bool {
    let hls = &update.updated_episode.hls;
    let now = [("fhd", &hls.fhd), ("hd", &hls.hd), ("sd", &hls.sd)];
    let mut now =
        now.iter().filter(|(_, path)| path.as_ref().is_some_and(|path| !path.is_empty())).peekable();
    let Some(before) = before(update).filter(|_| now.peek().is_some() && !update.reupload) else {
        return false;
    };
    match before.get("hls").and_then(Value::as_object) {
        // Unchanged values are not sent, so a quality without a previous value was available before.
        Some(before) => now.all(|(quality, _)| before.get(*quality).is_some_and(Value::is_null)),
        // Some services send no previous values for a new episode.
        None => before.is_empty(),
    }
}

/// Returns the previous values of the changed fields of the episode.
fn before(update: &PlaylistUpdate) -> Option<&Map<String, Value>> {
    update.diff.get("list")?.as_object()?.get(&number(update))?.as_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn update(episode: f64, now: &[&str], diff: &Value) -> PlaylistUpdate {
        let hls: Map<_, _> = now.iter().map(|quality| ((*quality).to_owned(), json!("/a.m3u8"))).collect();
        let data = json!({"id": 7, "updated_episode": {"episode": episode, "hls": hls}, "diff": diff});
        serde_json::from_value(data).unwrap()
    }

    fn before(key: &str, hls: &Value) -> Value {
        json!({"list": {key: {"hls": hls}}})
    }

    const ALL: &[&str] = &["fhd", "hd", "sd"];

    #[test]
    fn episode_is_new_when_it_becomes_complete() {
        let nothing = json!({"fhd": null, "hd": null, "sd": null});
        let cases = [
            (12.0, ALL, before("12", &nothing), true),
            (12.0, ALL, before("12", &json!({"fhd": null})), true),
            (12.5, ALL, before("12.5", &nothing), true),
            // The other episode has changed.
            (12.5, ALL, before("12", &nothing), false),
            (12.0, &["hd", "sd"], before("12", &nothing), false),
            // The streams existed before and were replaced.
            (12.0, ALL, before("12", &json!({"fhd": "/old", "hd": "/old", "sd": "/old"})), false),
            (12.0, ALL, before("12", &json!({})), false),
            (12.0, ALL, before("12", &json!(null)), false),
            (12.0, ALL, before("12", &json!([])), false),
            (12.0, ALL, json!({"list": {"12": {}}}), false),
            (12.0, ALL, json!({"list": [{"hls": {"fhd": null}}]}), false),
            (12.0, ALL, json!({"list": null}), false),
            (12.0, ALL, json!({}), false),
            (12.0, ALL, json!(null), false),
        ];
        for (episode, now, diff, expected) in cases {
            let mut episodes = NewEpisodes::new(EpisodeRule::Complete);

            assert_eq!(episodes.is_new(&update(episode, now, &diff)), expected, "{episode} {now:?} {diff}");
        }
    }

    #[test]
    fn empty_stream_counts_as_missing() {
        let mut update = update(12.0, ALL, &before("12", &json!({"sd": null})));
        update.updated_episode.hls.sd = Some(String::new());

        assert!(!NewEpisodes::new(EpisodeRule::Complete).is_new(&update));
    }

    #[test]
    fn episode_is_new_once_with_its_first_stream() {
        let mut episodes = NewEpisodes::new(EpisodeRule::FirstStream);
        let (none, hd) = (before("12", &json!({"sd": null})), before("12", &json!({"hd": null})));

        assert!(!episodes.is_new(&update(12.0, &[], &none)));
        // The other quality was available before.
        assert!(!episodes.is_new(&update(12.0, &["hd", "sd"], &hd)));
        assert!(episodes.is_new(&update(12.0, &["sd"], &none)));
        assert!(!episodes.is_new(&update(12.0, &["sd"], &none)));
        assert!(episodes.is_new(&update(13.0, &["sd"], &json!({"list": {"13": {}}}))));
        assert!(!episodes.is_new(&update(14.0, &["sd"], &json!({"list": {"14": {"name": "Old"}}}))));
        let again =
            PlaylistUpdate { reupload: true, ..update(15.0, &["sd"], &before("15", &json!({"sd": null}))) };
        assert!(!episodes.is_new(&again));
    }

    #[test]
    fn rule_never_reports_no_episode() {
        let update = update(12.0, ALL, &before("12", &json!({"sd": null})));

        assert!(!NewEpisodes::new(EpisodeRule::Never).is_new(&update));
    }

    #[test]
    fn number_of_stored_events_is_bounded() {
        let mut episodes = NewEpisodes::new(EpisodeRule::FirstStream);

        for episode in 0..=MAX_KNOWN {
            let key = episode.to_string();
            assert!(episodes.is_new(&update(
                key.parse().unwrap(),
                &["sd"],
                &before(&key, &json!({"sd": null}))
            )));
        }

        assert_eq!((episodes.known.len(), episodes.order.len()), (MAX_KNOWN, MAX_KNOWN));
    }
}
