//! Conversion of the Node service's titles to titles of API v2.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use url::Url;

use crate::{
    node::title::{self, Hls, NodeTitle, Posters},
    titles::model::{
        episode::{Episode, EpisodeKey, Quality, Skip, Source, SourceKind},
        title::{EpisodeCount, Names, Player, Poster, Season, Title, TitleKind, TitleStatus},
    },
};

/// Converts `title`. Relative addresses of pictures are resolved against `site`.
pub fn convert(title: &NodeTitle, site: Option<&Url>) -> Title {
    let episodes = episodes(&title.player, site);
    Title {
        id: title.id,
        alias: title.code.clone(),
        names: Names {
            ru: title.names.ru.trim().to_owned(),
            en: filled(&title.names.en),
            alternative: filled(&title.names.alternative),
        },
        description: title.description.replace("\r\n", "\n"),
        kind: kind(title.kind.code),
        status: status(&title.status),
        genres: title.genres.clone(),
        year: title.season.year.unwrap_or_default(),
        season: season(title.season.code),
        episodes: EpisodeCount {
            total: title.kind.episodes.filter(|total| *total > 0),
            current: u32::try_from(episodes.values().filter(|episode| episode.number.is_whole()).count())
                .ok(),
        },
        poster: poster(&title.posters, site),
        player: Player { episodes },
        rating: None,
        mal_id: None,
        shikimori_id: None,
        updated_at: updated_at(title).into(),
        blocked: title.blocked.anywhere || title.blocked.copyrights || title.blocked.geoip,
    }
}

fn episodes(player: &title::Player, site: Option<&Url>) -> BTreeMap<EpisodeKey, Episode> {
    let host = host(&player.host);
    let mapped = player.episodes().into_iter().map(|(number, episode)| {
        let episode = Episode {
            id: filled(&episode.uuid),
            number: number.into(),
            name: episode.name.trim().to_owned(),
            preview: absolute(&episode.preview, site),
            duration: None,
            sources: sources(&episode.hls, host.as_ref()),
            opening: skip(&episode.skips.opening),
            ending: skip(&episode.skips.ending),
        };
        // Sorted by number: a JavaScript object lists integer keys first, regardless of the order of insertion.
        (EpisodeKey::new(None, number), episode)
    });
    mapped.collect()
}

/// Returns the available streams, best first.
fn sources(hls: &Hls, host: Option<&Url>) -> Vec<Source> {
    let streams = [(Quality::FullHd, &hls.fhd), (Quality::Hd, &hls.hd), (Quality::Sd, &hls.sd)];
    let source = |(quality, path): (Quality, &String)| {
        Some(Source { quality, url: absolute(path, host)?, kind: SourceKind::Hls })
    };
    streams.into_iter().filter_map(source).collect()
}

fn skip(range: &[u32]) -> Option<Skip> {
    match *range {
        [start, stop, ..] => Some(Skip { start: Some(start), stop: Some(stop) }),
        _ => None,
    }
}

fn poster(posters: &Posters, site: Option<&Url>) -> Poster {
    let url = |picture: &title::Picture| absolute(&picture.url, site);
    Poster { small: url(&posters.small), medium: url(&posters.medium), large: url(&posters.original) }
}

/// Parses a host name, with or without a scheme, into its root URL.
fn host(name: &str) -> Option<Url> {
    let name = name.trim();
    let root = if name.contains("://") { name.to_owned() } else { format!("https://{name}") };
    root.parse().ok()
}

/// Resolves `address` to an absolute one; `None` if it is empty, or relative without a root.
fn absolute(address: &str, root: Option<&Url>) -> Option<String> {
    let address = address.trim();
    if address.is_empty() {
        return None;
    }
    let url = Url::options().base_url(root).parse(address).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

fn kind(code: Option<i64>) -> TitleKind {
    match code {
        Some(0) => TitleKind::Movie,
        Some(2) => TitleKind::Ova,
        Some(3 | 5) => TitleKind::Ona,
        Some(4) => TitleKind::Special,
        _ => TitleKind::Tv,
    }
}

/// Maps a status by its text, which is more specific, or by its code if the text is unknown.
fn status(status: &title::Status) -> TitleStatus {
    match status.string.trim().to_lowercase().as_str() {
        "в работе" | "ongoing" => TitleStatus::Ongoing,
        "завершен" | "завершён" | "completed" => TitleStatus::Completed,
        "анонс" | "announced" => TitleStatus::Announced,
        _ if status.code == Some(2) => TitleStatus::Completed,
        _ => TitleStatus::Ongoing,
    }
}

fn season(code: Option<i64>) -> Option<Season> {
    match code {
        Some(1) => Some(Season::Winter),
        Some(2) => Some(Season::Spring),
        Some(3) => Some(Season::Summer),
        Some(4) => Some(Season::Autumn),
        _ => None,
    }
}

fn updated_at(title: &NodeTitle) -> OffsetDateTime {
    let seconds = title.updated.filter(|updated| *updated > 0).or(title.last_change).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;

    fn site() -> Url {
        "https://site.example".parse().unwrap()
    }

    /// Converts a title with an id, a name and these fields.
    fn converted(fields: &Value) -> Title {
        let mut data = json!({"id": 7, "names": {"ru": "Имя"}});
        data.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let response = json!({"success": true, "data": data});
        convert(&title::parse_title(response, 7).unwrap(), Some(&site()))
    }

    #[test]
    fn all_fields_are_converted() {
        let title = converted(&json!({
            "code": "sample", "names": {"ru": " Пример ", "en": "Sample", "alternative": ""},
            "description": "a\r\nb", "status": {"string": "В работе", "code": 1},
            "type": {"full_string": "ТВ (2 эп.)", "string": "TV", "code": 1, "episodes": 2, "length": 24},
            "genres": ["Драма", "Школа"], "season": {"string": "зима", "code": 1, "year": 2020, "week_day": 6},
            "posters": {
                "small": {"url": "/s.webp"}, "medium": {"url": "https://cdn.example/m.webp"}, "original": {"url": null},
            },
            "player": {"host": "cdn.example", "list": {
                "1": {
                    "episode": 1, "name": "Начало", "uuid": "u-1", "preview": "/p.webp",
                    "skips": {"opening": [6, 96], "ending": []},
                    "hls": {"fhd": "/1/f.m3u8?a=1", "hd": null, "sd": "//other.example/1/s.m3u8"},
                },
                "2.5": {"episode": 2.5, "name": null},
            }},
            "updated": 1_585_396_800, "last_change": 1_600_000_000, "blocked": {"blocked": false, "bakanim": true},
        }));

        let expected = Title {
            id: 7,
            alias: "sample".into(),
            names: Names { ru: "Пример".into(), en: Some("Sample".into()), alternative: None },
            description: "a\nb".into(),
            kind: TitleKind::Tv,
            status: TitleStatus::Ongoing,
            genres: vec!["Драма".into(), "Школа".into()],
            year: 2020,
            season: Some(Season::Winter),
            episodes: EpisodeCount { total: Some(2), current: Some(1) },
            poster: Poster {
                small: Some("https://site.example/s.webp".into()),
                medium: Some("https://cdn.example/m.webp".into()),
                large: None,
            },
            player: Player { episodes: BTreeMap::from([(EpisodeKey::new(None, 1.0), first()), special()]) },
            rating: None,
            mal_id: None,
            shikimori_id: None,
            updated_at: datetime!(2020-03-28 12:00 UTC).into(),
            blocked: false,
        };
        assert_eq!(title, expected);
    }

    fn first() -> Episode {
        let source = |quality, url: &str| Source { quality, url: url.to_owned(), kind: SourceKind::Hls };
        Episode {
            id: Some("u-1".into()),
            number: 1.0.into(),
            name: "Начало".into(),
            preview: Some("https://site.example/p.webp".into()),
            duration: None,
            sources: vec![
                source(Quality::FullHd, "https://cdn.example/1/f.m3u8?a=1"),
                source(Quality::Sd, "https://other.example/1/s.m3u8"),
            ],
            opening: Some(Skip { start: Some(6), stop: Some(96) }),
            ending: None,
        }
    }

    fn special() -> (EpisodeKey, Episode) {
        let episode = Episode {
            id: None,
            number: 2.5.into(),
            name: String::new(),
            preview: None,
            duration: None,
            sources: Vec::new(),
            opening: None,
            ending: None,
        };
        (EpisodeKey::new(None, 2.5), episode)
    }

    #[test]
    fn codes_of_kinds_and_seasons_are_converted() {
        let kinds = [
            (json!(0), TitleKind::Movie),
            (json!(1), TitleKind::Tv),
            (json!(2), TitleKind::Ova),
            (json!(3), TitleKind::Ona),
            (json!(4), TitleKind::Special),
            (json!(5), TitleKind::Ona),
            (json!(99), TitleKind::Tv),
            (json!(null), TitleKind::Tv),
        ];
        for (code, kind) in kinds {
            assert_eq!(converted(&json!({"type": {"code": code}})).kind, kind, "{code}");
        }
        let seasons = [
            (0, None),
            (1, Some(Season::Winter)),
            (2, Some(Season::Spring)),
            (3, Some(Season::Summer)),
            (4, Some(Season::Autumn)),
        ];
        for (code, season) in seasons {
            assert_eq!(converted(&json!({"season": {"code": code}})).season, season, "{code}");
        }
    }

    #[test]
    fn text_of_the_status_precedes_its_code() {
        for (status, expected) in [
            (json!({"string": "В работе"}), TitleStatus::Ongoing),
            (json!({"string": "ongoing", "code": 2}), TitleStatus::Ongoing),
            (json!({"string": "Завершен"}), TitleStatus::Completed),
            (json!({"string": "завершён"}), TitleStatus::Completed),
            (json!({"string": "completed"}), TitleStatus::Completed),
            (json!({"string": "Анонс"}), TitleStatus::Announced),
            (json!({"string": "announced"}), TitleStatus::Announced),
            (json!({"string": null, "code": 2}), TitleStatus::Completed),
            (json!({"string": "?", "code": 1}), TitleStatus::Ongoing),
            (json!(null), TitleStatus::Ongoing),
        ] {
            assert_eq!(converted(&json!({"status": status})).status, expected, "{status}");
        }
    }

    #[test]
    fn updated_at_is_the_last_episode_or_else_the_last_change() {
        for (fields, expected) in [
            (json!({"updated": 10, "last_change": 20}), 10),
            (json!({"updated": 0, "last_change": 20}), 20),
            (json!({"last_change": 20}), 20),
            (json!({"updated": i64::MAX}), 0),
            (json!({}), 0),
        ] {
            let expected = OffsetDateTime::from_unix_timestamp(expected).unwrap();

            assert_eq!(converted(&fields).updated_at, expected.into(), "{fields}");
        }
    }

    #[test]
    fn any_reason_makes_the_title_blocked() {
        for reason in ["blocked", "copyrights", "geoip"] {
            assert!(converted(&json!({"blocked": {reason: true}})).blocked, "{reason}");
        }
        assert!(!converted(&json!({"blocked": {"blocked": false}})).blocked);
    }

    #[test]
    fn relative_stream_without_a_host_is_omitted() {
        let hls = json!({"fhd": "/f.m3u8", "hd": "https://cdn.example/h.m3u8", "sd": "javascript:alert(1)"});
        let title = converted(&json!({"player": {"list": [{"episode": 1, "hls": hls}]}}));

        let sources = &title.player.episodes.values().next().unwrap().sources;

        assert_eq!(
            sources.iter().map(|source| source.url.as_str()).collect::<Vec<_>>(),
            ["https://cdn.example/h.m3u8"]
        );
    }

    #[test]
    fn episodes_are_sorted_by_number() {
        let list = json!({"2": {}, "10": {}, "1": {}, "1.5": {}});
        let title = converted(&json!({"player": {"list": list}}));

        let keys: Vec<_> = title.player.episodes.keys().map(ToString::to_string).collect();

        assert_eq!(keys, ["1", "1.5", "2", "10"]);
        assert_eq!(title.episodes.current, Some(3));
    }

    /// Generates arbitrary JSON as the value of a field.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[/a-z:.?#@ ]{0,12}".prop_map(Value::from),
        ];
        let key = "(url|code|list|host|hls|fhd|episode|string|year|preview|skips|opening|small|[0-9]{1,2})";
        leaf.prop_recursive(4, 24, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn all_addresses_are_absolute_http_urls(
            posters in any_json(), player in any_json(), season in any_json(), updated in any_json(),
        ) {
            let title = converted(
                &json!({"posters": posters, "player": player, "season": season, "updated": updated}),
            );

            let pictures = [title.poster.small, title.poster.medium, title.poster.large];
            let episodes = title.player.episodes.into_values();
            let of_episodes = episodes.flat_map(|episode| {
                episode.sources.into_iter().map(|source| source.url).chain(episode.preview)
            });
            for url in pictures.into_iter().flatten().chain(of_episodes) {
                let parsed: Url = url.parse().unwrap();
                prop_assert!(matches!(parsed.scheme(), "http" | "https") && parsed.has_host(), "{url}");
            }
        }
    }
}
