//! Events derived from the previous and the current state of a title.

use anilibria_client::v3::model::{Episode, Hls, Title, Torrent};
use crc32fast::hash;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tracing::warn;

use super::{before::Before, diff::previous};
use crate::news::{Draft, Kind};

/// Maximum episodes of a title that are published at a time. Only the last ones are, because each event has the whole
/// player.
const MAX_EPISODES: usize = 26;

/// Changes that events of the site report about a title.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Hints {
    /// True if the site reports a change of the title itself.
    pub(super) title: bool,
    /// Numbers of new episodes.
    pub(super) new: Vec<f64>,
    /// Numbers of changed episodes.
    pub(super) changed: Vec<f64>,
}

/// Returns the events for a title that is now in the state `now`. Those of its episodes come first, so that subscribers know
/// the episodes before they process the rest.
pub(super) fn drafts(before: Option<&Before>, now: &Title, hints: &Hints) -> Vec<Draft> {
    let mut drafts = episodes(before, now, hints);
    drafts.extend(title(before, now, hints));
    drafts
}

/// True if the title itself has changed. Episodes, torrents and the number of favourites do not count.
pub(super) fn has_changed(before: &Title, now: &Title) -> bool {
    let (mut before, mut now) = (facts(before), facts(now));
    for facts in [&mut before, &mut now] {
        // This field changes whenever anything does, mostly data that is not shown.
        facts.remove("last_change");
    }
    before != now
}

fn title(before: Option<&Before>, now: &Title, hints: &Hints) -> Option<Draft> {
    let diff = match before.map(|before| before.title(now)) {
        Some(before) if has_changed(&before, now) => {
            previous(&Value::Object(facts(&before)), &Value::Object(facts(now)))?
        }
        Some(_) if before.is_some_and(Before::is_whole) || !hints.title => return None,
        None if !hints.title => return None,
        // The title has changed, but its previous state is not known.
        _ => json!({}),
    };
    let identity = format!("{}:{:08x}", now.id, digest(&facts(now)));
    Some(Draft { kind: Kind::TitleUpdate, identity, data: json!({"title": now, "diff": diff}) })
}

/// Returns the fields of a title that `title_update` covers.
fn facts(title: &Title) -> Map<String, Value> {
    let mut facts = object(title);
    facts.remove("torrents");
    facts.remove("in_favorites");
    if let Some(player) = facts.get_mut("player").and_then(Value::as_object_mut) {
        // The host differs between requests; the two lists have their own event.
        for other in ["host", "list", "rutube"] {
            player.remove(other);
        }
    }
    facts
}

fn episodes(before: Option<&Before>, now: &Title, hints: &Hints) -> Vec<Draft> {
    let was = before.map(|before| before.title(now));
    let is_whole = before.is_some_and(Before::is_whole);
    let span = was.as_deref().and_then(|was| {
        let span = |title: &Title| Value::Object(object(&title.player.episodes));
        previous(&span(was), &span(now))
    });
    let mut drafts = Vec::new();
    for episode in now.player.list.as_slice() {
        let number = episode.episode.get();
        let names = |numbers: &[f64]| numbers.iter().any(|other| other.total_cmp(&number).is_eq());
        let old = was.as_deref().map(|was| find(was, number));
        let change = match old {
            Some(None) => Some(Change::new()),
            Some(Some(old)) if differs(old, episode) => Some(Change::between(old, episode)),
            Some(Some(_)) if is_whole => None,
            // The previous state is not known, but the site reports that the episode is new or has changed.
            _ if names(&hints.new) => Some(Change::new()),
            _ if names(&hints.changed) => Some(Change { diff: json!({"hls": {}}), is_reupload: false }),
            _ => None,
        };
        drafts.extend(change.map(|change| change.draft(now, episode, span.as_ref())));
    }
    if drafts.len() > MAX_EPISODES {
        warn!(
            title_id = now.id.get(),
            episodes = drafts.len(),
            "too many changed episodes, only the last ones are published"
        );
        drafts.drain(..drafts.len() - MAX_EPISODES);
    }
    drafts
}

/// Previous state of an episode.
struct Change {
    diff: Value,
    is_reupload: bool,
}

impl Change {
    /// Creates the change for a new episode. Clients recognize a new episode by streams that are `null` before.
    fn new() -> Self {
        Self { diff: json!({"hls": Hls::default()}), is_reupload: false }
    }

    fn between(old: &Episode, new: &Episode) -> Self {
        let mut diff = previous(&json!(old), &json!(new)).unwrap_or_default();
        if diff.get("hls").is_none() {
            diff["hls"] = json!({});
        }
        let pairs = streams(&old.hls).into_iter().zip(streams(&new.hls));
        let mut there = pairs.filter(|(_, new)| new.is_some()).peekable();
        let is_reupload = there.peek().is_some() && there.all(|(old, new)| old.is_some() && old != new);
        Self { diff, is_reupload }
    }

    fn draft(self, title: &Title, episode: &Episode, span: Option<&Value>) -> Draft {
        let number = episode.episode.to_string();
        let mut diff = json!({"list": {&number: self.diff}});
        if let Some(span) = span {
            diff["episodes"] = span.clone();
        }
        let identity = format!("{}:{number}:{:08x}", title.id, digest(&bare(episode)));
        let data = json!({
            "id": title.id,
            "player": title.player,
            "updated_episode": episode,
            "episode": number,
            "diff": diff,
            "reupload": self.is_reupload,
        });
        Draft { kind: Kind::PlaylistUpdate, identity, data }
    }
}

/// Returns the event for a new or changed torrent of a title.
pub(super) fn torrent(was: Option<&Title>, now: &Title, torrent: &Torrent) -> Draft {
    let place = now.torrents.list.iter().position(|other| other.torrent_id == torrent.torrent_id);
    let old =
        was.and_then(|was| was.torrents.list.iter().find(|other| other.torrent_id == torrent.torrent_id));
    let diff = old.and_then(|old| {
        let mut old = old.clone();
        if old.magnet.is_empty() {
            // The local catalog has no magnet links.
            old.magnet.clone_from(&torrent.magnet);
        }
        previous(&json!(old), &json!(torrent))
    });
    let diff = diff.unwrap_or_else(|| json!({}));
    let mut diff = json!({"list": {place.unwrap_or_default().to_string(): diff}});
    let span = was.and_then(|was| previous(&json!(was.torrents.episodes), &json!(now.torrents.episodes)));
    if let Some(span) = span {
        diff["episodes"] = span;
    }
    let data = json!({
        "id": now.id.to_string(),
        "torrents": now.torrents,
        "updated_torrent_id": torrent.torrent_id,
        "diff": diff,
    });
    let identity = format!("{}:{}:{}", torrent.torrent_id, torrent.hash, torrent.total_size);
    Draft { kind: Kind::TorrentUpdate, identity, data }
}

fn find(title: &Title, number: f64) -> Option<&Episode> {
    title.player.list.as_slice().iter().find(|other| other.episode.get().total_cmp(&number).is_eq())
}

/// True if a viewer would see a difference between the two episodes.
fn differs(old: &Episode, new: &Episode) -> bool {
    let plain = |episode| {
        let mut episode: Episode = bare(episode);
        episode.created_timestamp = None;
        episode
    };
    plain(old) != plain(new)
}

/// Returns the episode without the query strings of its streams, which differ between callers.
fn bare(episode: &Episode) -> Episode {
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

fn object(part: &impl Serialize) -> Map<String, Value> {
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

    /// Returns the events for a change from `before` to `now`, without any hints.
    fn between(before: &Title, now: &Title) -> Vec<Draft> {
        drafts(Some(&Before::Told(Arc::new(before.clone()))), now, &Hints::default())
    }

    #[test]
    fn new_episode_has_streams_that_were_not_there() {
        let (before, now) =
            (title(&[episode(1.0, &all())]), title(&[episode(1.0, &all()), episode(2.5, &all())]));

        let drafts = between(&before, &now);

        let data = &drafts[0].data;
        assert_eq!(
            (&data["id"], &data["episode"], &data["reupload"]),
            (&json!(7), &json!("2.5"), &json!(false))
        );
        let diff =
            json!({"list": {"2.5": {"hls": {"fhd": null, "hd": null, "sd": null}}}, "episodes": {"last": 1}});
        assert_eq!(data["diff"], diff);
        assert_eq!(data["updated_episode"], data["player"]["list"]["2.5"]);
        assert_eq!(drafts[1].data["diff"], json!({"player": {"episodes": {"last": 1}}}));
        assert_eq!(drafts.len(), 2);
    }

    #[test]
    fn quality_that_comes_later_and_one_that_is_replaced_are_told_apart() {
        let change = |old: &Value, new: &Value| {
            let drafts = between(&title(&[episode(1.0, old)]), &title(&[episode(1.0, new)]));
            drafts
                .first()
                .map(|draft| (draft.data["diff"]["list"]["1"].clone(), draft.data["reupload"] == true))
        };
        let without = json!({"hd": "/1/h.m3u8", "sd": "/1/s.m3u8"});
        let others = json!({"fhd": "/2/f.m3u8", "hd": "/2/h.m3u8", "sd": "/2/s.m3u8"});
        let same = json!({"fhd": "/1/f.m3u8?ads=2", "hd": "/1/h.m3u8?x", "sd": "/1/s.m3u8"});

        assert_eq!(change(&without, &all()), Some((json!({"hls": {"fhd": null}}), false)));
        assert_eq!(change(&all(), &others), Some((json!({"hls": all()}), true)));
        assert_eq!(change(&all(), &same), None);
    }

    #[test]
    fn what_is_not_known_of_the_past_is_left_out() {
        let now = title(&[episode(1.0, &all()), episode(2.0, &all())]);
        let hinted = |hints: Hints| -> Vec<Value> {
            drafts(None, &now, &hints).into_iter().map(|draft| draft.data["diff"].clone()).collect()
        };

        assert!(hinted(Hints::default()).is_empty());
        let new = Hints { title: true, new: vec![2.0], ..Hints::default() };
        assert_eq!(hinted(new), [json!({"list": {"2": {"hls": Hls::default()}}}), json!({})]);
        let changed = Hints { changed: vec![1.0], ..Hints::default() };
        assert_eq!(hinted(changed), [json!({"list": {"1": {"hls": {}}}})]);
    }

    #[test]
    fn only_what_is_seen_of_a_title_is_a_change_of_it() {
        let before = title(&[]);
        let unseen = [
            ("/player/host", json!("b.example")),
            ("/in_favorites", json!(9)),
            ("/last_change", json!(6)),
            ("/torrents", json!({"list": [{"torrent_id": 5, "seeders": 9}]})),
        ];
        let changed = |place: &str, value: Value| {
            let mut now = json!(before);
            *now.pointer_mut(place).unwrap() = value;
            between(&before, &serde_json::from_value(now).unwrap())
        };

        for (place, value) in unseen {
            assert_eq!(changed(place, value), [], "{place}");
        }
        let seen = changed("/announce", json!(null));
        assert_eq!(
            (seen[0].kind, &seen[0].data["diff"]),
            (Kind::TitleUpdate, &json!({"announce": "Скоро."}))
        );
    }

    #[test]
    fn episodes_that_are_told_at_a_time_are_bounded() {
        let many: Vec<_> = (1..=60_u8).map(|number| episode(number.into(), &all())).collect();

        let drafts = between(&title(&[]), &title(&many));

        let episodes: Vec<_> = drafts.iter().filter(|draft| draft.kind == Kind::PlaylistUpdate).collect();
        assert_eq!((episodes.len(), &episodes[25].data["episode"]), (26, &json!("60")));
    }

    #[test]
    fn torrent_is_told_at_its_place_with_what_it_was() {
        let with = |size: u64| -> Title {
            let list = json!([{"torrent_id": 4}, {"torrent_id": 5, "total_size": size, "hash": "aa"}]);
            serde_json::from_value(json!({"id": 7, "torrents": {"list": list}})).unwrap()
        };
        let now = with(2);

        let changed = torrent(Some(&with(1)), &now, &now.torrents.list[1]);
        let new = torrent(None, &now, &now.torrents.list[1]);

        assert_eq!((&changed.data["id"], &changed.data["updated_torrent_id"]), (&json!("7"), &json!(5)));
        assert_eq!(changed.data["diff"], json!({"list": {"1": {"total_size": 1}}}));
        assert_eq!(new.data["diff"], json!({"list": {"1": {}}}));
        assert_eq!(new.identity, "5:aa:2");
    }
}
