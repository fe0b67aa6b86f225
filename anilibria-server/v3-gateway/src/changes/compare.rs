//! Events derived from the previous and the current state of a title.

use anilibria_client::v3::model::{Episode, Hls, Title, Torrent};
use crc32fast::hash;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tracing::warn;

use super::{diff::previous_values, snapshot::Snapshot};
use crate::events::{EventKind, PendingEvent};

/// Maximum episodes of a title that one comparison publishes: the last ones. Each event contains the whole player.
const MAX_EPISODES: usize = 26;

/// Changes that events of the site report about a title.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ReportedChanges {
    /// True if the site reports a change of the title itself.
    pub(super) title: bool,
    /// Numbers of new episodes.
    pub(super) new_episodes: Vec<f64>,
    /// Numbers of changed episodes.
    pub(super) changed_episodes: Vec<f64>,
}

/// Returns the events for the change of a title to the state `now`. Events about episodes come first, so that subscribers
/// know the episodes before they process the event about the title.
pub(super) fn events(
    before: Option<&Snapshot>,
    now: &Title,
    reported: &ReportedChanges,
) -> Vec<PendingEvent> {
    let mut events = episode_events(before, now, reported);
    events.extend(title_event(before, now, reported));
    events
}

/// True if the title itself has changed. Episodes, torrents and the number of favourites do not count.
pub(super) fn has_changed(before: &Title, now: &Title) -> bool {
    let (mut before, mut now) = (title_fields(before), title_fields(now));
    for fields in [&mut before, &mut now] {
        // This field changes with every change of the release, mostly of data that no event contains.
        fields.remove("last_change");
    }
    before != now
}

fn title_event(before: Option<&Snapshot>, now: &Title, reported: &ReportedChanges) -> Option<PendingEvent> {
    let diff = match before.map(|before| before.fill_from(now)) {
        Some(before) if has_changed(&before, now) => {
            previous_values(&Value::Object(title_fields(&before)), &Value::Object(title_fields(now)))?
        }
        Some(_) if before.is_some_and(Snapshot::is_complete) || !reported.title => return None,
        None if !reported.title => return None,
        // The title has changed, but its previous state is not known.
        _ => json!({}),
    };
    let identity = format!("{}:{:08x}", now.id, digest(&title_fields(now)));
    Some(PendingEvent { kind: EventKind::TitleUpdate, identity, data: json!({"title": now, "diff": diff}) })
}

/// Returns the fields of a title that `title_update` covers.
fn title_fields(title: &Title) -> Map<String, Value> {
    let mut fields = to_object(title);
    fields.remove("torrents");
    fields.remove("in_favorites");
    if let Some(player) = fields.get_mut("player").and_then(Value::as_object_mut) {
        // The host differs between requests; the two lists have their own event.
        for other in ["host", "list", "rutube"] {
            player.remove(other);
        }
    }
    fields
}

fn episode_events(before: Option<&Snapshot>, now: &Title, reported: &ReportedChanges) -> Vec<PendingEvent> {
    let before_title = before.map(|before| before.fill_from(now));
    let is_complete = before.is_some_and(Snapshot::is_complete);
    let range_diff = before_title.as_deref().and_then(|before| {
        let range = |title: &Title| Value::Object(to_object(&title.player.episodes));
        previous_values(&range(before), &range(now))
    });
    let mut events = Vec::new();
    for episode in now.player.list.as_slice() {
        let number = episode.episode.get();
        let contains = |numbers: &[f64]| numbers.iter().any(|other| other.total_cmp(&number).is_eq());
        let old = before_title.as_deref().map(|before| find(before, number));
        let change = match old {
            Some(None) => Some(EpisodeChange::new()),
            Some(Some(old)) if has_visible_change(old, episode) => Some(EpisodeChange::between(old, episode)),
            Some(Some(_)) if is_complete => None,
            // The previous state is not known, but the site reports that the episode is new or has changed.
            _ if contains(&reported.new_episodes) => Some(EpisodeChange::new()),
            _ if contains(&reported.changed_episodes) => {
                Some(EpisodeChange { diff: json!({"hls": {}}), is_reupload: false })
            }
            _ => None,
        };
        events.extend(change.map(|change| change.event(now, episode, range_diff.as_ref())));
    }
    if events.len() > MAX_EPISODES {
        warn!(
            title_id = now.id.get(),
            episodes = events.len(),
            published = MAX_EPISODES,
            "title has too many changed episodes, only the last ones are published"
        );
        events.drain(..events.len() - MAX_EPISODES);
    }
    events
}

/// A change of an episode: the previous values, and whether the change is a new upload.
struct EpisodeChange {
    diff: Value,
    is_reupload: bool,
}

impl EpisodeChange {
    /// Creates the change for a new episode. Clients recognize a new episode by previous streams that are `null`.
    fn new() -> Self {
        Self { diff: json!({"hls": Hls::default()}), is_reupload: false }
    }

    fn between(old: &Episode, new: &Episode) -> Self {
        let mut diff = previous_values(&json!(old), &json!(new)).unwrap_or_default();
        if diff.get("hls").is_none() {
            diff["hls"] = json!({});
        }
        let pairs = streams(&old.hls).into_iter().zip(streams(&new.hls));
        let mut there = pairs.filter(|(_, new)| new.is_some()).peekable();
        let is_reupload = there.peek().is_some() && there.all(|(old, new)| old.is_some() && old != new);
        Self { diff, is_reupload }
    }

    fn event(self, title: &Title, episode: &Episode, range_diff: Option<&Value>) -> PendingEvent {
        let number = episode.episode.to_string();
        let mut diff = json!({"list": {&number: self.diff}});
        if let Some(range_diff) = range_diff {
            diff["episodes"] = range_diff.clone();
        }
        let identity = format!("{}:{number}:{:08x}", title.id, digest(&without_query_strings(episode)));
        let data = json!({
            "id": title.id,
            "player": title.player,
            "updated_episode": episode,
            "episode": number,
            "diff": diff,
            "reupload": self.is_reupload,
        });
        PendingEvent { kind: EventKind::PlaylistUpdate, identity, data }
    }
}

/// Returns the event for a new or changed torrent of a title.
pub(super) fn torrent_event(before: Option<&Title>, now: &Title, torrent: &Torrent) -> PendingEvent {
    let index = now.torrents.list.iter().position(|other| other.torrent_id == torrent.torrent_id);
    let old = before
        .and_then(|before| before.torrents.list.iter().find(|other| other.torrent_id == torrent.torrent_id));
    let diff = old.and_then(|old| {
        let mut old = old.clone();
        if old.magnet.is_empty() {
            // The local catalog has no magnet links.
            old.magnet.clone_from(&torrent.magnet);
        }
        previous_values(&json!(old), &json!(torrent))
    });
    let diff = diff.unwrap_or_else(|| json!({}));
    let mut diff = json!({"list": {index.unwrap_or_default().to_string(): diff}});
    let range_diff = before
        .and_then(|before| previous_values(&json!(before.torrents.episodes), &json!(now.torrents.episodes)));
    if let Some(range_diff) = range_diff {
        diff["episodes"] = range_diff;
    }
    let data = json!({
        "id": now.id.to_string(),
        "torrents": now.torrents,
        "updated_torrent_id": torrent.torrent_id,
        "diff": diff,
    });
    let identity = format!("{}:{}:{}", torrent.torrent_id, torrent.hash, torrent.total_size);
    PendingEvent { kind: EventKind::TorrentUpdate, identity, data }
}

fn find(title: &Title, number: f64) -> Option<&Episode> {
    title.player.list.as_slice().iter().find(|other| other.episode.get().total_cmp(&number).is_eq())
}

/// True if a viewer would see a difference between the two episodes.
fn has_visible_change(old: &Episode, new: &Episode) -> bool {
    let plain = |episode| {
        let mut episode: Episode = without_query_strings(episode);
        episode.created_timestamp = None;
        episode
    };
    plain(old) != plain(new)
}

/// Returns the episode without the query strings of its streams, which differ between callers.
fn without_query_strings(episode: &Episode) -> Episode {
    let mut episode = episode.clone();
    for path in [&mut episode.hls.fhd, &mut episode.hls.hd, &mut episode.hls.sd].into_iter().flatten() {
        if let Some(end) = path.find('?') {
            path.truncate(end);
        }
    }
    episode
}

fn streams(hls: &Hls) -> [Option<&str>; 3] {
    [&hls.fhd, &hls.hd, &hls.sd].map(|path| path.as_deref().and_then(|path| path.split('?').next()))
}

fn to_object(part: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(part) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn digest(part: &impl Serialize) -> u32 {
    hash(&serde_json::to_vec(part).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn episode(number: f64, hls: &Value) -> Value {
        let uuid = "9b5e26ee-598f-4b8b-b77e-188d3e456301";
        json!({"episode": number, "uuid": uuid, "created_timestamp": 1_700_000_000, "hls": hls})
    }

    fn title(episodes: &[Value]) -> Title {
        let last = episodes.len();
        let player = json!({"host": "a.example", "episodes": {"first": 1, "last": last}, "list": episodes});
        let title = json!({"id": 7, "announce": "Скоро.", "updated": 5, "last_change": 5, "player": player});
        serde_json::from_value(title).unwrap()
    }

    fn all() -> Value {
        json!({"fhd": "/1/f.m3u8?ads=1", "hd": "/1/h.m3u8", "sd": "/1/s.m3u8"})
    }

    /// Returns the events for a change from `before` to `now`, without reported changes.
    fn events_between(before: &Title, now: &Title) -> Vec<PendingEvent> {
        events(Some(&Snapshot::Published(Arc::new(before.clone()))), now, &ReportedChanges::default())
    }

    #[test]
    fn new_episode_has_null_as_previous_streams() {
        let (before, now) =
            (title(&[episode(1.0, &all())]), title(&[episode(1.0, &all()), episode(2.5, &all())]));

        let events = events_between(&before, &now);

        let data = &events[0].data;
        assert_eq!(
            (&data["id"], &data["episode"], &data["reupload"]),
            (&json!(7), &json!("2.5"), &json!(false))
        );
        let diff =
            json!({"list": {"2.5": {"hls": {"fhd": null, "hd": null, "sd": null}}}, "episodes": {"last": 1}});
        assert_eq!(data["diff"], diff);
        assert_eq!(data["updated_episode"], data["player"]["list"]["2.5"]);
        assert_eq!(events[1].data["diff"], json!({"player": {"episodes": {"last": 1}}}));
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn added_quality_is_not_a_reupload_and_a_replaced_one_is() {
        let change = |old: &Value, new: &Value| {
            let events = events_between(&title(&[episode(1.0, old)]), &title(&[episode(1.0, new)]));
            events
                .first()
                .map(|event| (event.data["diff"]["list"]["1"].clone(), event.data["reupload"] == true))
        };
        let without = json!({"hd": "/1/h.m3u8", "sd": "/1/s.m3u8"});
        let others = json!({"fhd": "/2/f.m3u8", "hd": "/2/h.m3u8", "sd": "/2/s.m3u8"});
        let same = json!({"fhd": "/1/f.m3u8?ads=2", "hd": "/1/h.m3u8?x", "sd": "/1/s.m3u8"});

        assert_eq!(change(&without, &all()), Some((json!({"hls": {"fhd": null}}), false)));
        assert_eq!(change(&all(), &others), Some((json!({"hls": all()}), true)));
        assert_eq!(change(&all(), &same), None);
    }

    #[test]
    fn diff_of_a_reported_change_without_a_previous_state_is_incomplete() {
        let now = title(&[episode(1.0, &all()), episode(2.0, &all())]);
        let diffs = |reported: ReportedChanges| -> Vec<Value> {
            events(None, &now, &reported).into_iter().map(|event| event.data["diff"].clone()).collect()
        };

        assert!(diffs(ReportedChanges::default()).is_empty());
        let new = ReportedChanges { title: true, new_episodes: vec![2.0], ..ReportedChanges::default() };
        assert_eq!(diffs(new), [json!({"list": {"2": {"hls": Hls::default()}}}), json!({})]);
        let changed = ReportedChanges { changed_episodes: vec![1.0], ..ReportedChanges::default() };
        assert_eq!(diffs(changed), [json!({"list": {"1": {"hls": {}}}})]);
    }

    #[test]
    fn changes_that_viewers_do_not_see_cause_no_event() {
        let before = title(&[]);
        let invisible = [
            ("/player/host", json!("b.example")),
            ("/in_favorites", json!(9)),
            ("/last_change", json!(6)),
            ("/torrents", json!({"list": [{"torrent_id": 5, "seeders": 9}]})),
        ];
        let changed = |pointer: &str, value: Value| {
            let mut now = json!(before);
            *now.pointer_mut(pointer).unwrap() = value;
            events_between(&before, &serde_json::from_value(now).unwrap())
        };

        for (pointer, value) in invisible {
            assert_eq!(changed(pointer, value), [], "{pointer}");
        }
        let events = changed("/announce", json!(null));
        assert_eq!(
            (events[0].kind, &events[0].data["diff"]),
            (EventKind::TitleUpdate, &json!({"announce": "Скоро."}))
        );
    }

    #[test]
    fn number_of_episode_events_is_limited() {
        let many: Vec<_> = (1..=60_u8).map(|number| episode(number.into(), &all())).collect();

        let events = events_between(&title(&[]), &title(&many));

        let episodes: Vec<_> =
            events.iter().filter(|event| event.kind == EventKind::PlaylistUpdate).collect();
        assert_eq!((episodes.len(), &episodes[25].data["episode"]), (26, &json!("60")));
    }

    #[test]
    fn torrent_event_has_the_previous_values_at_the_index_of_the_torrent() {
        let with = |size: u64| -> Title {
            let list = json!([{"torrent_id": 4}, {"torrent_id": 5, "total_size": size, "hash": "aa"}]);
            serde_json::from_value(json!({"id": 7, "torrents": {"list": list}})).unwrap()
        };
        let now = with(2);

        let changed = torrent_event(Some(&with(1)), &now, &now.torrents.list[1]);
        let new = torrent_event(None, &now, &now.torrents.list[1]);

        assert_eq!((&changed.data["id"], &changed.data["updated_torrent_id"]), (&json!("7"), &json!(5)));
        assert_eq!(changed.data["diff"], json!({"list": {"1": {"total_size": 1}}}));
        assert_eq!(new.data["diff"], json!({"list": {"1": {}}}));
        assert_eq!(new.identity, "5:aa:2");
    }
}
