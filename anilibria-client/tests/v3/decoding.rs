//! Tests of decoding: all forms of v3 responses, and missing fields.

use anilibria_client::{
    decode,
    model::{Ordinal, Quality},
    v3::model::{
        Description, FeedItem, Franchise, Page, Pagination, ScheduleDay, SeedStats, StatusCode, Team, Title,
        TypeCode, User, Video,
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::samples::{damaged, franchise, page, title, user, video};

fn read<T: DeserializeOwned>(value: &Value) -> T {
    decode(value.to_string().as_bytes()).unwrap()
}

fn survives<T: DeserializeOwned>(value: &Value) {
    for (damage, value) in damaged(value) {
        if let Err(error) = decode::<T>(value.to_string().as_bytes()) {
            panic!("{damage}: {error}");
        }
    }
}

#[test]
fn whole_title_is_read() {
    let title: Title = read(&title());

    assert_eq!((title.id.get(), title.code.as_str()), (9000, "name"));
    assert_eq!((title.status.code, title.kind.code), (Some(StatusCode::InWork), Some(TypeCode::Tv)));
    assert_eq!(title.updated, OffsetDateTime::from_unix_timestamp(1_654_100_000).ok());
    assert_eq!(title.franchises.as_ref().unwrap()[0].releases[0].id, title.id);
    assert!(title.blocked.any());
    let episodes = title.player.list.as_slice();
    assert_eq!(
        episodes.iter().map(|episode| episode.episode).collect::<Vec<_>>(),
        [0.8, 1.0, 12.5].map(Ordinal)
    );
    assert_eq!(
        title.player.stream_url(Quality::FullHd, &episodes[2]).unwrap(),
        "https://cdn.example/videos/media/ts/9000/12.5/1080/aa.m3u8"
    );
    assert_eq!(title.torrents.list[0].total_size, 4_801_286_259);
    assert_eq!(title.torrents.list[0].metadata.as_ref().unwrap().files_list[0].file, "1.mkv");
}

#[test]
fn playlists_are_read_as_objects_and_as_lists() {
    let mut listed = title();
    for key in ["list", "rutube"] {
        let episodes = listed["player"][key].as_object().unwrap().values().rev().cloned().collect();
        listed["player"][key] = Value::Array(episodes);
    }

    assert_eq!(read::<Title>(&listed), read::<Title>(&title()));
}

#[test]
fn description_is_read_as_text_and_as_all_of_its_forms() {
    let forms = json!({"html": "<b>О чём-то</b>", "plain": "О чём-то", "no_view_order": "О чём-то"});

    let title: Title = read(&json!({"description": forms}));

    assert_eq!(title.description.as_ref().and_then(Description::as_str), Some("О чём-то"));
}

#[test]
fn lists_are_read_bare_and_in_pages() {
    let paged: Page<Title> = read(&page(&title()));
    let bare: Page<Title> = read(&json!([title()]));

    assert_eq!(paged.list, bare.list);
    assert_eq!((paged.pagination.pages, paged.pagination.total_items), (3, 3));
    let whole = Pagination { pages: 1, current_page: 0, items_per_page: 1, total_items: 1 };
    assert_eq!(bare.pagination, whole);
    for none in [json!([]), json!({}), json!(null), json!({"list": null}), json!({"list": {}})] {
        assert!(read::<Page<Title>>(&none).list.is_empty(), "{none}");
    }
}

#[test]
fn feed_reads_titles_and_videos_and_keeps_unknown_items() {
    let feed: Page<FeedItem> =
        read(&json!({"list": [{"title": title()}, {"youtube": video()}, {"poll": {"id": 1}}]}));

    let [FeedItem::Title(title), FeedItem::YouTube(video), FeedItem::Unknown(other)] = &feed.list[..] else {
        panic!("{feed:?}")
    };
    assert_eq!((title.id.get(), video.url().as_str()), (9000, "https://youtu.be/abc"));
    assert_eq!(other["poll"]["id"], 1);
}

#[test]
fn missing_null_or_empty_field_does_not_affect_other_fields() {
    survives::<Title>(&title());
    survives::<Page<Title>>(&page(&title()));
    survives::<ScheduleDay<Title>>(&json!({"day": 0, "list": [title()]}));
    survives::<Page<Video>>(&page(&video()));
    survives::<Page<Franchise>>(&page(&franchise()));
    survives::<Page<FeedItem>>(&page(&json!({"title": title()})));
    survives::<Page<SeedStats>>(&page(&json!({"user": "a", "downloaded": 1, "uploaded": 2})));
    survives::<User>(&user());
    survives::<Team>(&json!({"voice": ["A"], "translator": [], "editing": [], "decor": [], "timing": []}));
}

#[test]
fn numbers_are_read_from_text_and_text_from_numbers() {
    let title: Title = read(&json!({
        "id": "9000", "in_favorites": "300", "type": {"length": "24", "code": "1", "episodes": "12"},
        "season": {"year": "2022"}, "torrents": {"list": [{"quality": {"resolution": 1080}}]},
    }));

    assert_eq!((title.id.get(), title.in_favorites, title.season.year), (9000, 300, Some(2022)));
    assert_eq!((title.kind.code, title.kind.episodes), (Some(TypeCode::Tv), Some(12)));
    assert_eq!(title.torrents.list[0].quality.resolution.as_deref(), Some("1080"));
}
