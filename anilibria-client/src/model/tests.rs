//! Tests of every field of every model with every unexpected value: only that field changes, or the object that it identifies.

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

/// Unexpected values, as JSON. A response may contain one of them in pointer of any other value.
const UNEXPECTED: &[&str] = &[
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
const UNREADABLE: &str = r#"{"unexpected":{"unexpected":1}}"#;

/// Stands for the unexpected value while the rest of the response is written.
const PLACEHOLDER: &str = "the place of the unexpected value";

/// The item with the most fields of a response that is an item, a list or a page.
fn largest_item(response: Value) -> Value {
    let items = match response {
        Value::Array(items) => items,
        Value::Object(mut page) if page.contains_key("data") => return largest_item(page["data"].take()),
        item => return item,
    };
    items.into_iter().max_by_key(|item| pointers(item).len()).unwrap()
}

/// Empties the lists and objects that `pointer` does not lead through. They cost time and show nothing more.
fn prune(value: &mut Value, pointer: &str) {
    let (key, rest) =
        pointer.trim_start_matches('/').split_once('/').unwrap_or((pointer.trim_start_matches('/'), ""));
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
fn pointers(value: &Value) -> Vec<String> {
    let below = |key: &str, child| {
        pointers(child).into_iter().map(move |pointer| format!("/{key}{pointer}")).collect()
    };
    let children: Vec<Vec<String>> = match value {
        Value::Object(fields) => fields.iter().map(|(key, child)| below(key, child)).collect(),
        Value::Array(items) => items.first().map(|child| below("0", child)).into_iter().collect(),
        _ => Vec::new(),
    };
    std::iter::once(String::new()).chain(children.into_iter().flatten()).collect()
}

/// The pointer of all that may change with the value at `pointer`.
fn changed(item: &Value, pointer: &str, identity: &[&str]) -> String {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return String::new() };
    let is_foreign = parent.ends_with("/shikimori") || parent.ends_with("/mal");
    let is_identity = (is_identity(name) && !is_foreign) || identity.iter().any(|end| pointer.ends_with(end));
    let is_item = item.pointer(parent).is_some_and(Value::is_array);
    if is_identity || is_item { changed(item, parent, identity) } else { pointer.to_owned() }
}

/// The places at which two values differ.
fn differences(one: &Value, other: &Value, pointer: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()) {
                let [one, other] = [one, other].map(|object| object.get(key).unwrap_or(&Value::Null));
                differences(one, other, &format!("{pointer}/{key}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                differences(one, other, &format!("{pointer}/{index}"), found);
            }
        }
        _ if one == other => {}
        _ => found.push(pointer.to_owned()),
    }
}

/// The name of the field at `pointer` and that of the object it is in: the same objects are in many responses.
fn field<T>(pointer: &str) -> String {
    let mut names = pointer.split('/').filter(|name| !name.is_empty() && *name != "0").rev();
    match (names.next(), names.next()) {
        (Some(name), Some(parent)) => format!("{parent}/{name}"),
        _ => format!("{}{pointer}", std::any::type_name::<T>()),
    }
}

/// Replaces each value of the largest item of `response`, and decodes a list of it.
///
/// `identity` are the ends of the pointers of values that identify an object and are not called `id`.
fn check<T: DeserializeOwned>(
    seen: &mut HashSet<String>,
    response: Value,
    identity: &[&str],
    view: fn(&T) -> Value,
) {
    let expected = largest_item(response);
    for pointer in pointers(&expected) {
        if !seen.insert(field::<T>(&pointer)) {
            continue;
        }
        let changed = changed(&expected, &pointer, identity);
        let mut item = expected.clone();
        prune(&mut item, &pointer);
        let expected = view(&serde_json::from_value(item.clone()).unwrap());
        let mut template = item.clone();
        *template.pointer_mut(&pointer).unwrap() = PLACEHOLDER.into();
        let (alone, paired) = (json!([template]).to_string(), json!([template, item]).to_string());
        let read = |list: &str, unexpected: &str| {
            decode_list::<T>(list.replace(&format!("\"{PLACEHOLDER}\""), unexpected).as_bytes())
        };
        let context = |unexpected: &str| format!("{}: {unexpected} at {pointer}", std::any::type_name::<T>());
        if changed.is_empty() {
            let (items, skipped) =
                read(&paired, UNREADABLE).unwrap_or_else(|error| panic!("{pointer}: {error}"));
            let is_identity = read(&alone.replace(&format!("\"{PLACEHOLDER}\""), "null"), "").is_err();
            assert_eq!(items.len() + skipped.len(), 2, "{}", context(UNREADABLE));
            assert_eq!(view(items.last().unwrap()), expected, "{}: the next item", context(UNREADABLE));
            assert!(
                items.len() == 1 || !is_identity || pointer.is_empty(),
                "{}: read without an identity",
                context(UNREADABLE)
            );
            continue;
        }
        for unexpected in UNEXPECTED {
            let (items, _) =
                read(&alone, unexpected).unwrap_or_else(|error| panic!("{}: {error}", context(unexpected)));

            let mut found = Vec::new();
            differences(&expected, &view(&items[0]), "", &mut found);
            let other_changes: Vec<_> =
                found.iter().filter(|pointer| !pointer.starts_with(&changed)).collect();
            assert!(other_changes.is_empty(), "{} has changed {other_changes:?}", context(unexpected));
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
fn unexpected_value_changes_only_its_field_in_recorded_response() {
    let seen = &mut HashSet::new();
    check_all::<Release>(seen, fixture("anime.releases.get"), &[]);
    check_all::<ScheduledRelease>(seen, fixture("anime.schedule.week"), &["/release"]);
    check_all::<Schedule>(seen, fixture("anime.schedule.now"), &["/0/release"]);
    check_all::<Torrent>(seen, fixture("anime.torrents"), &[]);
    check_all::<Franchise>(seen, fixture("anime.franchises.get"), &["/0/release_id"]);
    check_all::<Episode>(seen, fixture("anime.releases.episodes.get"), &[]);
}

#[tokio::test]
async fn unexpected_value_changes_only_its_field_in_answers_of_the_sandbox() {
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
fn unexpected_pagination_values_lose_no_item() {
    let page = fixture("anime.catalog.releases");
    let count = page["data"].as_array().unwrap().len();
    for pointer in pointers(&page).iter().filter(|pointer| pointer.starts_with("/meta")) {
        let mut template = page.clone();
        *template.pointer_mut(pointer).unwrap() = PLACEHOLDER.into();
        for unexpected in UNEXPECTED {
            let page = template.to_string().replace(&format!("\"{PLACEHOLDER}\""), unexpected);

            let page: Page<Release> = decode_page(page.as_bytes()).unwrap();

            assert_eq!((page.items.len(), page.skipped.len()), (count, 0), "{unexpected} at {pointer}");
        }
    }
}

#[test]
fn page_without_a_list_is_an_error() {
    for unexpected in UNEXPECTED.iter().filter(|unexpected| !matches!(**unexpected, "[]" | "{}")) {
        let page = format!(r#"{{"data":{unexpected},"meta":{{"pagination":{{"total":7}}}}}}"#);

        assert!(decode_page::<Release>(page.as_bytes()).is_err(), "{unexpected}");
        assert!(crate::decode::<Page<Release>>(page.as_bytes()).is_err(), "{unexpected}");
    }
}

#[test]
fn unexpected_values_are_converted_where_their_meaning_is_clear() {
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
