//! Whether an update of a playlist means that an episode came out.

use std::collections::{HashSet, VecDeque};

use serde_json::{Map, Value};

use super::event::PlaylistUpdate;
use crate::model::{Quality, ReleaseId};

/// How many episodes are remembered as known.
const MAX_KNOWN: usize = 4096;

/// When an [episode](super::Event::TitleEpisode) counts as out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EpisodeRule {
    /// When it is there in all three qualities and was not before, as anilibria.py counts it.
    #[default]
    Complete,
    /// When it is there in any quality and was in none before; each episode once.
    FirstStream,
    /// Never: playlist updates are all that is told, and no title is read.
    Never,
}

/// Tells new episodes from changed ones.
#[derive(Debug)]
pub(super) struct NewEpisodes {
    rule: EpisodeRule,
    known: HashSet<(ReleaseId, String)>,
    /// The same in the order in which they became known.
    order: VecDeque<(ReleaseId, String)>,
}

impl NewEpisodes {
    pub(super) fn new(rule: EpisodeRule) -> Self {
        Self { rule, known: HashSet::new(), order: VecDeque::new() }
    }

    /// Whether `update` tells of an episode that came out.
    pub(super) fn is_new(&mut self, update: &PlaylistUpdate) -> bool {
        match self.rule {
            EpisodeRule::Complete => is_complete(update),
            EpisodeRule::FirstStream => is_first(update) && self.remember(update),
            EpisodeRule::Never => false,
        }
    }

    /// Takes note of the episode; whether it was not known.
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

/// The number as a key of the playlist.
fn number(update: &PlaylistUpdate) -> String {
    update.updated_episode.episode.to_string()
}

/// All qualities are there, and at least one of them was not.
fn is_complete(update: &PlaylistUpdate) -> bool {
    let has_all =
        Quality::BEST_FIRST.iter().all(|quality| update.updated_episode.hls.get(*quality).is_some());
    let before = before(update).and_then(|episode| episode.get("hls")).and_then(Value::as_object);
    has_all && before.is_some_and(|hls| hls.values().any(Value::is_null))
}

/// A quality is there, and none of those that are was.
fn is_first(update: &PlaylistUpdate) -> bool {
    let hls = &update.updated_episode.hls;
    let now = [("fhd", &hls.fhd), ("hd", &hls.hd), ("sd", &hls.sd)];
    let mut now =
        now.iter().filter(|(_, path)| path.as_ref().is_some_and(|path| !path.is_empty())).peekable();
    let Some(before) = before(update).filter(|_| now.peek().is_some() && !update.reupload) else {
        return false;
    };
    match before.get("hls").and_then(Value::as_object) {
        // What did not change is not told, so that a quality without a former value was there before.
        Some(before) => now.all(|(quality, _)| before.get(*quality).is_some_and(Value::is_null)),
        // Of an episode that was not there at all some services tell nothing.
        None => before.is_empty(),
    }
}

/// What the episode was before, as far as it has changed.
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
            // Not the one that has changed.
            (12.5, ALL, before("12", &nothing), false),
            (12.0, &["hd", "sd"], before("12", &nothing), false),
            // It was there: an upload that replaces another.
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
        // The other one was there.
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
