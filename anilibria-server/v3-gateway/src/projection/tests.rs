//! Tests of the values that projections keep.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

use super::*;

/// Returns a title after a projection.
#[track_caller]
fn projected(filter: &str, remove: &str) -> Value {
    let mut title = json!({
        "id": 7,
        "names": {"ru": "Имя", "en": "Name", "alternative": null},
        "team": {"voice": ["A", "B", "C"], "timing": []},
        "player": {"list": {"1": {"hls": {"sd": "/1"}}, "24": {"hls": {"sd": "/24"}}, "24.5": {"hls": {"sd": "/24.5"}}}},
        "torrents": {"list": [{"torrent_id": 1, "hash": "a"}, {"torrent_id": 2, "hash": "b"}]},
        "franchises": [],
    });
    Projection::parse(filter, remove).unwrap().apply(&mut title);
    title
}

#[test]
fn filter_keeps_the_values_of_the_paths_and_their_nesting() {
    for (filter, kept) in [
        ("id,names.ru", json!({"id": 7, "names": {"ru": "Имя"}})),
        (" names.alternative , ", json!({"names": {"alternative": null}})),
        ("team.voice[1]", json!({"team": {"voice": ["B"]}})),
        ("team.voice[2],team.voice[0]", json!({"team": {"voice": ["A", "C"]}})),
        ("team.voice[*]", json!({"team": {"voice": ["A", "B", "C"]}})),
        ("team", json!({"team": {"voice": ["A", "B", "C"], "timing": []}})),
        ("team,team.voice[0]", json!({"team": {"voice": ["A", "B", "C"], "timing": []}})),
        (
            "torrents.list[*].torrent_id",
            json!({"torrents": {"list": [{"torrent_id": 1}, {"torrent_id": 2}]}}),
        ),
        (
            "torrents.list[*].torrent_id,torrents.list[1].hash",
            json!({"torrents": {"list": [{"torrent_id": 1}, {"torrent_id": 2, "hash": "b"}]}}),
        ),
        ("player.list.24.hls", json!({"player": {"list": {"24": {"hls": {"sd": "/24"}}}}})),
        ("player.list.24.5", json!({"player": {"list": {"24.5": {"hls": {"sd": "/24.5"}}}}})),
        ("player.list[*].hls.sd,id", projected("id,player", "")),
        ("franchises[*].franchise.id", json!({"franchises": []})),
    ] {
        assert_eq!(projected(filter, ""), kept, "{filter}");
    }
}

#[test]
fn filter_ignores_paths_without_a_value() {
    assert_eq!(
        projected("id,nothing,names.xx,id.x,team.voice[9],torrents.list.hash,names[0]", ""),
        json!({"id": 7})
    );
    assert_eq!(projected("nothing", ""), json!({}));
}

#[test]
fn empty_lists_keep_everything() {
    let whole = projected("", "");

    assert_eq!(whole["id"], 7);
    assert_eq!(projected(",", " , "), whole);
    assert!(Projection::parse(",", "").unwrap().keeps_all());
}

#[test]
fn remove_removes_the_values_of_the_paths() {
    for (filter, remove, kept) in [
        ("names", "names.ru,names.alternative", json!({"names": {"en": "Name"}})),
        ("names,id", "names", json!({"id": 7})),
        ("id", "id", json!({})),
        ("id", "names,nothing.at.all[0]", json!({"id": 7})),
        ("team", "team.voice[0],team.voice[2],team.timing", json!({"team": {"voice": ["B"]}})),
        ("team.voice", "team.voice[*]", json!({"team": {"voice": []}})),
        (
            "torrents",
            "torrents.list[*].hash",
            json!({"torrents": {"list": [{"torrent_id": 1}, {"torrent_id": 2}]}}),
        ),
        (
            "player",
            "player.list.24.5,player.list.1",
            json!({"player": {"list": {"24": {"hls": {"sd": "/24"}}}}}),
        ),
    ] {
        assert_eq!(projected(filter, remove), kept, "filter={filter}&remove={remove}");
    }
}

#[test]
fn order_of_the_kept_values_does_not_change() {
    let kept = projected("torrents.list[0].hash,names.en,id,names.ru", "").to_string();

    assert_eq!(kept, r#"{"id":7,"names":{"ru":"Имя","en":"Name"},"torrents":{"list":[{"hash":"a"}]}}"#);
}

#[test]
fn projection_reports_the_keys_that_it_reads() {
    let reads = |filter, remove, key| Projection::parse(filter, remove).unwrap().reads(key);

    assert!(reads("", "", "franchises"));
    assert!(reads("franchises[0].franchise", "", "franchises"));
    assert!(reads("id", "", "id"));
    assert!(reads("", "franchises[0]", "franchises"));
    assert!(reads("[*]", "", "franchises"));
    assert!(!reads("id,names", "", "franchises"));
    assert!(!reads("", "franchises", "franchises"));
    assert!(!reads("franchises", "[*]", "franchises"));
}

#[test]
fn equal_projections_have_the_same_text() {
    let text = |filter, remove| Projection::parse(filter, remove).unwrap().to_string();

    assert_eq!(text("names.ru,id,id,", "b,a"), "filter=id,names.ru&remove=a,b");
    assert_eq!(text("names.ru,names,names.en", ""), "filter=names");
    assert_eq!(
        text("", "team.voice[10],team.voice[9].x,team.voice[9]"),
        "remove=team.voice[9],team.voice[10]"
    );
    assert_eq!(text("", ""), "");
}

#[test]
fn error_has_the_parameter_and_the_number_of_the_path() {
    let error = |filter: &str, remove: &str| Projection::parse(filter, remove).unwrap_err().to_string();

    assert_eq!(error("id,a..b", ""), "`filter`: path 2: the path has an empty key");
    assert_eq!(
        error("", "a[x"),
        "`remove`: path 1: brackets in a path must contain a number, `*` or a key, and end with `]`"
    );
    assert_eq!(error(&"a,".repeat(MAX_PATHS + 1), ""), "`filter`: there are more than 256 paths");
    assert_eq!(error(&"a".repeat(MAX_LENGTH + 1), ""), "`filter`: the list is longer than 8192 bytes");
}

/// Generates objects with the keys and the depth of the paths below.
fn object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<u8>().prop_map(Value::from)];
    let value = leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), fields(inner).prop_map(Value::Object)]
    });
    fields(value).prop_map(Value::Object)
}

fn fields(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec(("[abc]|[12]|1\\.2", value), 0..4).prop_map(|fields| fields.into_iter().collect())
}

/// Generates paths without indexes: after a first projection, an index would refer to another element.
fn paths() -> impl Strategy<Value = String> {
    vec("[abc](\\.[abc12]|\\[\\*\\]){0,4}", 0..5).prop_map(|paths| paths.join(","))
}

/// True if everything in `part` is also in `whole`, at the same place and in the same order.
fn is_within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| is_within(part, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            let mut whole = whole.iter();
            part.iter().all(|part| whole.any(|whole| is_within(part, whole)))
        }
        (part, whole) => part == whole,
    }
}

proptest! {
    #[test]
    fn parsing_any_text_does_not_panic(filter in ".{0,40}", remove in "[a-c.,*0-9\\[\\]]{0,20}", object in object()) {
        if let Ok(projection) = Projection::parse(&filter, &remove) {
            projection.apply(&mut object.clone());
        }
    }

    #[test]
    fn filter_with_all_keys_changes_nothing(object in object()) {
        let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).filter(|key| !key.contains('.')).collect();
        let mut expected = object.clone();
        expected.as_object_mut().unwrap().retain(|key, _| keys.contains(&key.as_str()));
        let mut left = expected.clone();

        Projection::parse(&keys.join(","), "").unwrap().apply(&mut left);

        prop_assert_eq!(&left, &expected);
    }

    #[test]
    fn projection_adds_nothing(filter in paths(), remove in paths(), object in object()) {
        let mut filtered = object.clone();
        Projection::parse(&filter, "").unwrap().apply(&mut filtered);
        let mut both = object.clone();
        Projection::parse(&filter, &remove).unwrap().apply(&mut both);

        prop_assert!(is_within(&filtered, &object));
        prop_assert!(is_within(&both, &filtered));
    }

    #[test]
    fn projection_is_idempotent(filter in paths(), remove in paths(), object in object()) {
        let projection = Projection::parse(&filter, &remove).unwrap();
        let mut once = object;
        projection.apply(&mut once);
        let mut twice = once.clone();
        projection.apply(&mut twice);

        prop_assert_eq!(once, twice);
    }

    #[test]
    fn text_of_a_projection_parses_to_the_same_projection(filter in paths(), remove in paths(), object in object()) {
        let projection = Projection::parse(&filter, &remove).unwrap();
        let text = projection.to_string();
        let (first, second) = text.split_once('&').unwrap_or((&text, ""));
        let parameter = |name: &str| [first, second].iter().find_map(|part| part.strip_prefix(name)).unwrap_or_default();
        let again = Projection::parse(parameter("filter="), parameter("remove=")).unwrap();

        prop_assert_eq!(&projection, &again);
        let (mut one, mut other) = (object.clone(), object);
        projection.apply(&mut one);
        again.apply(&mut other);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn keys_that_are_not_read_do_not_change_the_result(filter in paths(), remove in paths(), object in object()) {
        let projection = Projection::parse(&filter, &remove).unwrap();
        let mut less = object.clone();
        less.as_object_mut().unwrap().retain(|key, _| projection.reads(key));
        let mut whole = object;
        projection.apply(&mut whole);
        projection.apply(&mut less);

        prop_assert_eq!(whole, less);
    }
}
