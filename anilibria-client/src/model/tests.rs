//! Every field of every model with every odd form: only that field changes, or the object that it identifies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    AgeRating, AppStatus, CatalogSorting, CollectionEntry, CollectionKind, Episode, Franchise, Genre, Member,
    OtpGrant, Profile, Promotion, Reference, Release, Schedule, ScheduledRelease, Score, Team, TeamRole,
    TeamUser, Timecode, Torrent, Vast, Video, View,
};
use crate::{
    Client,
    client::{decode_list, decode_page},
    page::Page,
    request::Request,
    sandbox::Sandbox,
};

/// Values as a response may hold them in place of any other, as JSON.
const ODD: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "7.5",
    "1e400",
    "-99999999999999999999",
    r#""""#,
    r#""text""#,
    r#""2024""#,
    r#""0000-00-00 00:00:00""#,
    r#""9999-12-31T23:59:59-23:00""#,
    r#""\ud800""#,
    "[]",
    "[null]",
    "[7,8]",
    "{}",
    r#"{"0":null,"2":null}"#,
    UNREADABLE,
];

/// A form that no field of a model can be read from.
const UNREADABLE: &str = r#"{"odd":{"odd":1}}"#;

/// Stands for the odd value while the rest of the response is written.
const PLACE: &str = "the place of the odd value";

/// The item with the most fields of a response that is an item, a list or a page.
fn richest(response: Value) -> Value {
    let items = match response {
        Value::Array(items) => items,
        Value::Object(mut page) if page.contains_key("data") => return richest(page["data"].take()),
        item => return item,
    };
    items.into_iter().max_by_key(|item| places(item).len()).unwrap()
}

/// Empties the lists and objects that `place` does not lead through. They cost time and show nothing more.
fn prune(value: &mut Value, place: &str) {
    let (key, rest) =
        place.trim_start_matches('/').split_once('/').unwrap_or((place.trim_start_matches('/'), ""));
    match value {
        Value::Object(fields) => {
            for (name, child) in fields.iter_mut() {
                match child {
                    child if name == key => prune(child, rest),
                    Value::Object(fields) => {
                        fields.retain(|_, child| !child.is_object() && !child.is_array());
                    }
                    Value::Array(items) => items.clear(),
                    _ => {}
                }
            }
        }
        Value::Array(items) => {
            items.truncate(3);
            for child in items {
                prune(child, rest);
            }
        }
        _ => {}
    }
}

/// True if a field of this name identifies its object, in all models but those of other sites.
fn is_identity(name: &str) -> bool {
    matches!(name, "id" | "value")
}

/// The JSON pointers of all values in `value`; of the items of a list only those of the first.
fn places(value: &Value) -> Vec<String> {
    let below =
        |key: &str, child| places(child).into_iter().map(move |place| format!("/{key}{place}")).collect();
    let children: Vec<Vec<String>> = match value {
        Value::Object(fields) => fields.iter().map(|(key, child)| below(key, child)).collect(),
        Value::Array(items) => items.first().map(|child| below("0", child)).into_iter().collect(),
        _ => Vec::new(),
    };
    std::iter::once(String::new()).chain(children.into_iter().flatten()).collect()
}

/// The place of all that may change with the value at `place`.
fn changed(item: &Value, place: &str, identity: &[&str]) -> String {
    let Some((parent, name)) = place.rsplit_once('/') else { return String::new() };
    let is_foreign = parent.ends_with("/shikimori") || parent.ends_with("/mal");
    let is_identity = (is_identity(name) && !is_foreign) || identity.iter().any(|end| place.ends_with(end));
    let is_item = item.pointer(parent).is_some_and(Value::is_array);
    if is_identity || is_item { changed(item, parent, identity) } else { place.to_owned() }
}

/// The places at which two values differ.
fn differences(one: &Value, other: &Value, place: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()) {
                let [one, other] = [one, other].map(|object| object.get(key).unwrap_or(&Value::Null));
                differences(one, other, &format!("{place}/{key}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                differences(one, other, &format!("{place}/{index}"), found);
            }
        }
        _ if one == other => {}
        _ => found.push(place.to_owned()),
    }
}

/// The name of the field at `place` and that of the object it is in: the same objects are in many responses.
fn field<T>(place: &str) -> String {
    let mut names = place.split('/').filter(|name| !name.is_empty() && *name != "0").rev();
    match (names.next(), names.next()) {
        (Some(name), Some(parent)) => format!("{parent}/{name}"),
        _ => format!("{}{place}", std::any::type_name::<T>()),
    }
}

/// Puts each odd form at each place of the richest item of `response`, and decodes a list of it.
///
/// `identity` are the ends of the places of values that identify an object and are not called `id`.
fn check<T: DeserializeOwned>(
    seen: &mut HashSet<String>,
    response: Value,
    identity: &[&str],
    view: fn(&T) -> Value,
) {
    let whole = richest(response);
    for place in places(&whole) {
        if !seen.insert(field::<T>(&place)) {
            continue;
        }
        let changed = changed(&whole, &place, identity);
        let mut item = whole.clone();
        prune(&mut item, &place);
        let whole = view(&serde_json::from_value(item.clone()).unwrap());
        let mut spoilt = item.clone();
        *spoilt.pointer_mut(&place).unwrap() = PLACE.into();
        let (alone, paired) = (json!([spoilt]).to_string(), json!([spoilt, item]).to_string());
        let read =
            |list: &str, odd: &str| decode_list::<T>(list.replace(&format!("\"{PLACE}\""), odd).as_bytes());
        let context = |odd: &str| format!("{}: {odd} at {place}", std::any::type_name::<T>());
        if changed.is_empty() {
            let (items, skipped) =
                read(&paired, UNREADABLE).unwrap_or_else(|error| panic!("{place}: {error}"));
            let is_identity = read(&alone.replace(&format!("\"{PLACE}\""), "null"), "").is_err();
            assert_eq!(items.len() + skipped.len(), 2, "{}", context(UNREADABLE));
            assert_eq!(view(items.last().unwrap()), whole, "{}: the next item", context(UNREADABLE));
            assert!(
                items.len() == 1 || !is_identity || place.is_empty(),
                "{}: read without an identity",
                context(UNREADABLE)
            );
            continue;
        }
        for odd in ODD {
            let (items, _) = read(&alone, odd).unwrap_or_else(|error| panic!("{}: {error}", context(odd)));

            let mut found = Vec::new();
            differences(&whole, &view(&items[0]), "", &mut found);
            let strangers: Vec<_> = found.iter().filter(|place| !place.starts_with(&changed)).collect();
            assert!(strangers.is_empty(), "{} has changed {strangers:?}", context(odd));
        }
    }
}

fn check_all<T: DeserializeOwned + Serialize>(
    seen: &mut HashSet<String>,
    response: Value,
    identity: &[&str],
) {
    check::<T>(seen, response, identity, |item| serde_json::to_value(item).unwrap());
}

/// Reads `tests/fixtures/{name}.json`.
fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn odd_value_changes_only_its_field_in_recorded_response() {
    let seen = &mut HashSet::new();
    check_all::<Release>(seen, fixture("anime.releases.get"), &[]);
    check_all::<ScheduledRelease>(seen, fixture("anime.schedule.week"), &["/release"]);
    check_all::<Schedule>(seen, fixture("anime.schedule.now"), &["/0/release"]);
    check_all::<Torrent>(seen, fixture("anime.torrents"), &[]);
    check_all::<Franchise>(seen, fixture("anime.franchises.get"), &["/0/release_id"]);
    check_all::<Episode>(seen, fixture("anime.releases.episodes.get"), &[]);
}

#[tokio::test]
async fn odd_value_changes_only_its_field_in_answers_of_the_sandbox() {
    let seen = &mut HashSet::new();
    let sandbox = Sandbox::builder().releases(60).build().start().await.unwrap();
    let client = Client::builder().mirror(sandbox.api_url()).build().unwrap();
    client.session().log_in("demo", "demo").await.unwrap();
    let episode = client.releases().get(1).await.unwrap().episodes.unwrap()[0].id;
    let timecode = Timecode::stopped(episode, std::time::Duration::from_mins(1));
    client.views().save([timecode]).await.unwrap();
    client.collections().put(CollectionKind::Planned, [1]).await.unwrap();
    let get = |path| {
        let request = Request::new(Method::GET, path);
        let request = if path.contains("/me/") { request.session() } else { request };
        let client = client.clone();
        async move { client.fetch::<Value>(&request).await.unwrap() }
    };

    check_all::<Member>(seen, get("/anime/releases/7/members").await, &[]);
    check_all::<Genre>(seen, get("/anime/genres").await, &[]);
    check_all::<AppStatus>(seen, get("/app/status").await, &[]);
    check_all::<Reference<AgeRating>>(seen, get("/anime/catalog/references/age-ratings").await, &["/value"]);
    check_all::<Reference<CatalogSorting>>(seen, get("/anime/catalog/references/sorting").await, &["/value"]);
    check_all::<Video>(seen, get("/media/videos").await, &[]);
    check_all::<Promotion>(seen, get("/media/promotions").await, &[]);
    check_all::<Vast>(seen, get("/media/vasts").await, &[]);
    check_all::<Team>(seen, get("/teams/").await, &[]);
    check_all::<TeamRole>(seen, get("/teams/roles").await, &[]);
    check_all::<TeamUser>(seen, get("/teams/users").await, &[]);
    check_all::<CollectionEntry>(seen, get("/accounts/users/me/collections/ids").await, &["/0", "/1"]);
    check_all::<Timecode>(seen, get("/accounts/users/me/views/timecodes").await, &["/0"]);
    check_all::<View>(seen, get("/accounts/users/me/views/history").await, &[]);
    check_all::<Score>(seen, json!({"release_id": 1, "score": 7}), &["/release_id"]);
    check::<Profile>(seen, get("/accounts/users/me/profile").await, &[], |_| Value::Null);
    let otp = Request::new(Method::POST, "/accounts/otp/get").arg("device_id", "television");
    let otp = client.fetch(&otp).await.unwrap();
    check::<OtpGrant>(seen, otp, &["/otp", "/otp/code"], |_| Value::Null);
}

#[test]
fn odd_pagination_values_lose_no_item() {
    let page = fixture("anime.catalog.releases");
    let count = page["data"].as_array().unwrap().len();
    for place in places(&page).iter().filter(|place| place.starts_with("/meta")) {
        let mut spoilt = page.clone();
        *spoilt.pointer_mut(place).unwrap() = PLACE.into();
        for odd in ODD {
            let page = spoilt.to_string().replace(&format!("\"{PLACE}\""), odd);

            let page: Page<Release> = decode_page(page.as_bytes()).unwrap();

            assert_eq!((page.items.len(), page.skipped.len()), (count, 0), "{odd} at {place}");
        }
    }
}

#[test]
fn page_without_a_list_is_an_error() {
    for odd in ODD.iter().filter(|odd| !matches!(**odd, "[]" | "{}")) {
        let page = format!(r#"{{"data":{odd},"meta":{{"pagination":{{"total":7}}}}}}"#);

        assert!(decode_page::<Release>(page.as_bytes()).is_err(), "{odd}");
        assert!(crate::decode::<Page<Release>>(page.as_bytes()).is_err(), "{odd}");
    }
}

#[test]
fn odd_values_are_converted_where_their_meaning_is_clear() {
    let read = |field: &str| crate::decode::<Release>(format!(r#"{{"id":1,{field}}}"#).as_bytes()).unwrap();

    assert_eq!(read(r#""year":"2024""#).year, Some(2024));
    assert_eq!(read(r#""episodes_total":12.0"#).episodes_total, Some(12));
    assert!(read(r#""is_ongoing":1"#).is_ongoing && read(r#""is_ongoing":"true""#).is_ongoing);
    assert_eq!(read(r#""alias":86"#).alias, "86");
    assert_eq!(read(r#""season":[]"#).season, None);
    assert_eq!(read(r#""type":7"#).kind, None);
    assert_eq!(read(r#""genres":[null]"#).genres.unwrap(), []);
    assert_eq!(read(r#""genres":{"0":{"id":"8"},"2":{"id":9}}"#).genres.unwrap().len(), 2);
    assert_eq!(read(r#""genres":[{"id":"x"},{"id":9},7]"#).genres.unwrap().len(), 1);
    assert_eq!(read(r#""torrents":[{"id":1,"hash":""}]"#).torrents.unwrap()[0].hash, None);
    let day = read(r#""fresh_at":"2026-02-03 04:05:06""#);
    assert_eq!(day.fresh_at.unwrap().unix_timestamp(), 1_770_091_506);
}
