//! Tests of the models against recorded responses with missing, null and unknown fields.

use anilibria_client::{
    model::{
        AgeRating, Episode, Franchise, PublishDay, Quality, Release, ReleaseKind, Schedule, ScheduledRelease,
        Season, Torrent,
    },
    page::Page,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Reads `tests/fixtures/{name}.json`.
fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn decode<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// Collects the JSON pointers of all object fields below `value`.
fn fields(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                let path = format!("{path}/{key}");
                fields(child, &path, found);
                found.push(path);
            }
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, child)| fields(child, &format!("{path}/{index}"), found));
        }
        _ => {}
    }
}

/// True if the field is an identity or the list of a page, without which the response cannot be decoded.
fn is_frame(path: &str) -> bool {
    let mut names = path.rsplit('/');
    let name = names.next().unwrap_or_default();
    let is_of_item = names.next().is_some_and(|parent| parent.parse::<usize>().is_ok());
    let is_foreign = path.contains("shikimori") || path.contains("mal/");
    path == "/data"
        || (name == "id" && !is_foreign)
        || name == "release_id"
        || (name == "release" && is_of_item)
}

fn survives_missing_and_null_fields<T: DeserializeOwned>(name: &str) {
    survives::<T>(name, &fixture(name));
}

/// Decodes a response once without each of its fields, and once with each field null.
pub(crate) fn survives<T: DeserializeOwned>(name: &str, whole: &Value) {
    let mut paths = Vec::new();
    fields(whole, "", &mut paths);
    assert!(paths.len() > 3, "{name} has too few fields to prove anything");
    for path in paths.iter().filter(|path| !is_frame(path)) {
        let mut null = whole.clone();
        *null.pointer_mut(path).unwrap() = Value::Null;
        let mut missing = whole.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        missing.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);

        for (what, value) in [("null", null), ("missing", missing)] {
            let decoded = serde_json::from_value::<T>(value);

            assert!(decoded.is_ok(), "{name}: {path} {what}: {:?}", decoded.err());
        }
    }
}

/// Decodes, encodes and decodes again, and checks that no known field is lost.
fn round_trips<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(name: &str) {
    let first: T = decode(&fixture(name));

    let second: T = serde_json::from_value(serde_json::to_value(&first).unwrap()).unwrap();

    assert_eq!(first, second, "{name}");
}

#[test]
fn missing_and_null_fields_fail_no_response() {
    survives_missing_and_null_fields::<Release>("anime.releases.get");
    survives_missing_and_null_fields::<Vec<Release>>("anime.releases.latest");
    survives_missing_and_null_fields::<Page<Release>>("anime.catalog.releases");
    survives_missing_and_null_fields::<Vec<ScheduledRelease>>("anime.schedule.week");
    survives_missing_and_null_fields::<Schedule>("anime.schedule.now");
    survives_missing_and_null_fields::<Page<Torrent>>("anime.torrents");
    survives_missing_and_null_fields::<Franchise>("anime.franchises.get");
    survives_missing_and_null_fields::<Episode>("anime.releases.episodes.get");
}

#[test]
fn models_round_trip() {
    round_trips::<Release>("anime.releases.get");
    round_trips::<Vec<Release>>("anime.releases.latest");
    round_trips::<Vec<ScheduledRelease>>("anime.schedule.week");
    round_trips::<Schedule>("anime.schedule.now");
    round_trips::<Franchise>("anime.franchises.get");
    round_trips::<Episode>("anime.releases.episodes.get");
}

#[test]
fn unknown_enum_value_is_kept_and_written_back() {
    let mut release = fixture("anime.releases.get");
    for (field, value) in [("type", "HOLOGRAM"), ("season", "monsoon"), ("age_rating", "R99_PLUS")] {
        release[field]["value"] = value.into();
    }
    release["members"][0]["role"]["value"] = "conducting".into();
    for (field, value) in [("type", "NEURAL"), ("codec", "AV7"), ("quality", "16k"), ("color", "12bit")] {
        release["torrents"][0][field]["value"] = value.into();
    }

    let decoded: Release = decode(&release);

    assert_eq!(decoded.kind, Some(ReleaseKind::Unknown("HOLOGRAM".to_owned())));
    let written = serde_json::to_value(&decoded).unwrap();
    for path in
        ["/type", "/season", "/age_rating", "/members/0/role", "/torrents/0/codec", "/torrents/0/quality"]
    {
        let path = format!("{path}/value");
        assert_eq!(written.pointer(&path), release.pointer(&path), "{path}");
    }
}

#[test]
fn recorded_release_is_read() {
    let release: Release = decode(&fixture("anime.releases.get"));

    assert_eq!(release.kind, Some(ReleaseKind::Tv));
    assert_eq!(release.season, Some(Season::Autumn));
    assert_eq!(release.age_rating, Some(AgeRating::R16Plus));
    assert_eq!(release.publish_day.and_then(PublishDay::weekday), Some(time::Weekday::Sunday));
    assert_eq!(release.average_duration_of_episode, Some(std::time::Duration::from_mins(24)));
    assert_eq!(release.fresh_at.unwrap().unix_timestamp(), 1_771_696_568);
    assert_eq!(release.created_at, None);
    let episodes = release.episodes.unwrap();
    assert_eq!(episodes.iter().map(|episode| episode.ordinal.to_string()).collect::<Vec<_>>(), ["1", "1.5"]);
    assert_eq!(episodes[0].streams().next().unwrap().0, Quality::FullHd);
    assert_eq!(episodes[1].streams().next().unwrap().0, Quality::Sd);
    assert_eq!(episodes[1].opening.range(), None);
    let torrents = release.torrents.unwrap();
    assert_eq!(torrents[0].size, 24_696_061_952);
    assert_eq!(torrents[0].hash.unwrap().to_string(), "8a8fb94b1bd22b44a116336bab6bf209d0ac3a90");
    assert_eq!(release.rating.unwrap().average, Some(8.26));
    assert_eq!(release.mal.unwrap().rating, Some(8.0));
}

#[test]
fn title_in_production_may_have_no_published_episode() {
    let week: Vec<ScheduledRelease> = decode(&fixture("anime.schedule.week"));

    assert!(week[0].published_release_episode.is_none());
    assert_eq!(week[0].next_release_episode_number.unwrap().to_string(), "355");
}
