//! Complete objects as v3 services write them.

use serde_json::{Value, json};

pub(crate) fn episode(number: f64) -> Value {
    json!({
        "episode": number, "name": null, "uuid": "9b5e26ee-598f-4b8b-b77e-188d3e456301",
        "created_timestamp": 1_654_100_000, "preview": "/storage/releases/episodes/previews/9000/1/p.jpg",
        "skips": {"opening": [6, 96.5], "ending": []},
        "hls": {
            "fhd": format!("/videos/media/ts/9000/{number}/1080/aa.m3u8"),
            "hd": format!("/videos/media/ts/9000/{number}/720/bb.m3u8"),
            "sd": format!("/videos/media/ts/9000/{number}/480/cc.m3u8"),
        },
    })
}

pub(crate) fn player() -> Value {
    json!({
        "alternative_player": "//player.example/embed/9000", "host": "cdn.example", "is_rutube": false,
        "episodes": {"first": 0.8, "last": 12.5, "string": "0.8-12.5"},
        "list": {"0.8": episode(0.8), "1": episode(1.0), "12.5": episode(12.5)},
        "rutube": {"1": {"episode": 1, "created_timestamp": 1_654_100_000, "rutube_id": "r1"}},
    })
}

pub(crate) fn torrents() -> Value {
    json!({
        "episodes": {"first": 1, "last": 12, "string": "1-12"},
        "list": [{
            "torrent_id": 18_650, "episodes": {"first": 1, "last": 12, "string": "1-12"},
            "quality": {
                "string": "WEBRip 1080p HEVC", "type": "WEBRip", "resolution": "1080p", "encoder": "h265",
                "lq_audio": null,
            },
            "leechers": 2, "seeders": 40, "downloads": 1700, "total_size": 4_801_286_259_u64,
            "size_string": "4.8 GB", "url": "/public/torrent/download.php?id=18650",
            "magnet": "magnet:?xt=urn:btih:ab", "uploaded_timestamp": 1_654_100_100, "hash": "ab",
            "metadata": {
                "hash": "ab", "name": "Name", "announce": ["http://tr.example/announce"],
                "created_timestamp": 1_654_100_050,
                "files_list": [{"file": "1.mkv", "size": 3_000_000_000_u64, "size_string": "3 GB", "offset": 0}],
            },
            "raw_base64_file": "ZDg6",
        }],
    })
}

pub(crate) fn franchise() -> Value {
    json!({
        "franchise": {"id": "ad5b3a4a-8c57-4a80-8d75-b6a2f0d5ab2d", "name": "Имя"},
        "releases": [{
            "id": 9000, "code": "name", "ordinal": 1,
            "names": {"ru": "Имя", "en": "Name", "alternative": null},
        }],
    })
}

pub(crate) fn title() -> Value {
    let poster = json!({"url": "/storage/releases/posters/9000/p.jpg", "raw_base64_file": "AAAA"});
    json!({
        "id": 9000, "code": "name", "names": {"ru": "Имя", "en": "Name", "alternative": "Nom"},
        "franchises": [franchise()], "announce": "Завтра<br>", "status": {"string": "В работе", "code": 1},
        "posters": {"small": poster, "medium": poster, "original": poster},
        "updated": 1_654_100_000, "last_change": 1_654_100_200,
        "type": {"full_string": "ТВ (>12 эп.), 24 мин.", "code": 1, "string": "TV", "episodes": 12, "length": 24},
        "genres": ["Драма", "Экшен"],
        "team": {"voice": ["A"], "translator": ["B"], "editing": ["C"], "decor": ["D"], "timing": ["E"]},
        "season": {"string": "весна", "code": 2, "year": 2022, "week_day": 3},
        "description": "О чём-то", "in_favorites": 300,
        "blocked": {"blocked": false, "bakanim": false, "copyrights": true, "geoip": false, "geoip_list": []},
        "player": player(), "torrents": torrents(),
    })
}

pub(crate) fn video() -> Value {
    json!({
        "id": 1, "title": "Видео", "image": "https://img.youtube.com/vi/abc/0.jpg",
        "preview": {"src": "/storage/media/videos/previews/a.jpg", "thumbnail": "/storage/media/videos/previews/b.jpg"},
        "youtube_id": "abc", "comments": 3, "views": 500, "timestamp": 1_654_100_000,
    })
}

pub(crate) fn user() -> Value {
    json!({
        "login": "demo", "nickname": "Demo", "email": "demo@example.org", "avatar": "a.jpg",
        "avatar_original": "/a.jpg", "avatar_thumbnail": "/b.jpg", "vk_id": "1", "patreon_id": "2",
    })
}

pub(crate) fn page(item: &Value) -> Value {
    json!({
        "list": [item], "pagination": {"pages": 3, "current_page": 1, "items_per_page": 1, "total_items": 3},
    })
}

/// Returns every form of `value` in which one key, at any depth, is removed or has another value.
pub(crate) fn damaged(value: &Value) -> Vec<(String, Value)> {
    let mut forms = Vec::new();
    for pointer in pointers(value) {
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        let mut without = value.clone();
        if let Some(Value::Object(parent)) = without.pointer_mut(parent) {
            parent.remove(&last.replace("~1", "/").replace("~0", "~"));
            forms.push((format!("without {pointer}"), without));
        }
        let others = [
            json!(null),
            json!(true),
            json!(-7.5),
            json!(u64::MAX),
            json!(""),
            json!("text"),
            json!([]),
            json!([null, 7]),
            json!({}),
            json!({"0": null, "odd": {"odd": 1}}),
        ];
        for other in &others {
            let mut changed = value.clone();
            *changed.pointer_mut(&pointer).unwrap() = other.clone();
            forms.push((format!("{pointer} = {other}"), changed));
        }
    }
    forms
}

fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(key, child)| (key.replace('/', "~1"), child)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(place, child)| (place.to_string(), child)).collect()
        }
        _ => Vec::new(),
    };
    let below = |(key, child): (String, &Value)| {
        let inner = pointers(child).into_iter().map(|rest| format!("/{key}{rest}")).collect::<Vec<_>>();
        std::iter::once(format!("/{key}")).chain(inner).collect::<Vec<_>>()
    };
    children.into_iter().flat_map(below).collect()
}
