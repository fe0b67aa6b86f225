//! Conversion of AniLiberty's releases to v3 titles.

use std::{collections::HashMap, time::Duration};

use serde_json::Number;
use url::Url;

use super::{
    labels::{season, status, title_type},
    torrent::torrents,
};
use crate::{
    model::{self as v1, Image, MemberRole, Ordinal, Quality, Release, ScheduledRelease},
    text::sort_russian,
    v3::model::{
        Blocked, Episode, EpisodeSpan, Franchise, FranchiseName, FranchiseRelease, Hls, Names, Player,
        Playlist, Poster, Posters, RutubeEpisode, ScheduleDay, Season, Skips, Team, Title,
    },
};

/// A builder of v3 titles.
#[derive(Clone, Copy, Debug)]
pub struct Mapping<'a> {
    release: &'a Release,
    franchises: Option<&'a [v1::Franchise]>,
    is_without_streams: bool,
}

impl<'a> Mapping<'a> {
    /// Creates a mapping of `release` without franchises.
    pub fn new(release: &'a Release) -> Self {
        Self { release, franchises: None, is_without_streams: false }
    }

    /// Adds the franchises of the release.
    #[must_use]
    pub fn franchises(self, franchises: &'a [v1::Franchise]) -> Self {
        Self { franchises: Some(franchises), ..self }
    }

    /// Maps a release whose streams are unknown: all of its episodes are listed.
    #[must_use]
    pub fn without_streams(self) -> Self {
        Self { is_without_streams: true, ..self }
    }

    /// Returns the title.
    pub fn title(self) -> Title {
        let release = self.release;
        let mut genres: Vec<_> = release.genres.iter().flatten().map(|genre| genre.name.clone()).collect();
        sort_russian(&mut genres);
        Title {
            id: release.id,
            code: release.alias.clone(),
            names: release.into(),
            franchises: self.franchises.map(|list| list.iter().map(Franchise::from).collect()),
            announce: filled(release.notification.as_ref()),
            status: status(release),
            posters: posters(release.poster.as_ref()),
            updated: release.last_activity_at(),
            last_change: release.updated_at,
            kind: title_type(release),
            genres,
            team: team(release.members.as_deref().unwrap_or_default()),
            season: premiere(release),
            description: release.description.as_ref().map(|text| text.replace("\r\n", "\n").into()),
            in_favorites: release.added_in_users_favorites,
            blocked: Blocked {
                blocked: release.is_blocked_by_geo,
                bakanim: release.is_blocked_by_copyrights,
                copyrights: release.is_blocked_by_copyrights,
                geoip: release.is_blocked_by_geo,
            },
            player: player(release, self.is_without_streams),
            torrents: torrents(release.torrents.as_deref().unwrap_or_default(), release.kind.as_ref()),
        }
    }
}

/// Returns the schedule of `days`, 0 for Monday; all days if empty. `title` maps each release, and may leave it out. The order
/// of the releases is kept.
pub fn week<T: Clone>(
    week: &[ScheduledRelease],
    days: &[u8],
    title: impl Fn(&Release) -> Option<T>,
) -> Vec<ScheduleDay<T>> {
    let on = |day: u8| {
        let of_day =
            week.iter().filter(move |item| item.release.publish_day.is_some_and(|other| other.0 == day + 1));
        of_day.filter_map(|item| title(&item.release)).collect()
    };
    let is_requested = |day: &u8| days.is_empty() || days.contains(day);
    (0..7).filter(is_requested).map(|day| ScheduleDay { day, list: on(day) }).collect()
}

impl From<&Release> for Names {
    fn from(release: &Release) -> Self {
        Self {
            ru: release.name.main.clone(),
            en: filled(release.name.english.as_ref()),
            alternative: filled(release.name.alternative.as_ref()),
        }
    }
}

impl From<&v1::Franchise> for Franchise {
    fn from(franchise: &v1::Franchise) -> Self {
        let release = |entry: &v1::FranchiseRelease| {
            let release = entry.release.as_ref()?;
            Some(FranchiseRelease {
                id: entry.release_id,
                code: release.alias.clone(),
                ordinal: entry.sort_order.unwrap_or_default(),
                names: release.into(),
            })
        };
        let mut releases: Vec<_> =
            franchise.franchise_releases.iter().flatten().filter_map(release).collect();
        releases.sort_by_key(|release| release.ordinal);
        Self {
            franchise: FranchiseName { id: Some(franchise.id.get()), name: franchise.name.clone() },
            releases,
        }
    }
}

impl EpisodeSpan {
    /// Returns the range over all ranges `ends`.
    pub(super) fn over(ends: impl Iterator<Item = (Ordinal, Ordinal)>) -> Self {
        let whole = ends.reduce(|(first, last), (other_first, other_last)| {
            (Ordinal(first.get().min(other_first.get())), Ordinal(last.get().max(other_last.get())))
        });
        whole.map_or_else(Self::default, |(first, last)| Self {
            first: Some(first),
            last: Some(last),
            string: Some(format!("{first}-{last}")),
        })
    }
}

/// Returns the posters. Old clients support JPEG only, which is the form that is not optimized.
fn posters(image: Option<&Image>) -> Posters {
    let preview = image.and_then(|image| image.preview.as_ref().or(image.src.as_ref()));
    let small = image.and_then(|image| image.thumbnail.as_ref()).or(preview);
    let poster = |url: Option<&String>| Poster { url: url.map(|url| path(url)), raw_base64_file: None };
    Posters { small: poster(small), medium: poster(preview), original: poster(preview) }
}

fn team(members: &[v1::Member]) -> Team {
    let of = |role: &MemberRole| {
        let with_role = members.iter().filter(|member| member.role.as_ref() == Some(role));
        let mut names: Vec<_> = with_role.map(|member| member.nickname.trim().to_owned()).collect();
        names.retain(|name| !name.is_empty());
        names.sort_by_cached_key(|name| name.to_lowercase());
        names.dedup();
        names
    };
    Team {
        voice: of(&MemberRole::Voicing),
        translator: of(&MemberRole::Translating),
        editing: of(&MemberRole::Editing),
        decor: of(&MemberRole::Decorating),
        timing: of(&MemberRole::Timing),
    }
}

fn premiere(release: &Release) -> Season {
    let (string, code) = season(release.season.as_ref());
    let string = string.map(str::to_owned);
    let week_day = release.publish_day.and_then(|day| day.0.checked_sub(1)).filter(|day| *day < 7);
    Season { string, code: Some(code), year: release.year, week_day }
}

fn player(release: &Release, is_without_streams: bool) -> Player {
    let mut episodes: Vec<_> = release.episodes.iter().flatten().collect();
    // The first episode of each number in the order of the site is kept.
    episodes.sort_by_key(|episode| episode.sort_order.unwrap_or(i64::MAX));
    let is_listed = |episode: &&&v1::Episode| is_without_streams || episode.streams().next().is_some();
    let list = Playlist::new(episodes.iter().filter(is_listed).map(|one| episode(one)));
    let rutube = Playlist::new(episodes.iter().filter_map(|one| rutube_episode(one)));
    let mut ends: Vec<_> = list.as_slice().iter().map(|episode| episode.episode).collect();
    if ends.is_empty() {
        // All episodes are on Rutube, or their streams are unknown.
        ends = episodes.iter().map(|episode| episode.ordinal).collect();
    }
    Player {
        alternative_player: filled(release.external_player.as_ref()).map(|url| url.trim().to_owned()),
        host: host(&episodes),
        is_rutube: list.as_slice().is_empty() && !rutube.as_slice().is_empty(),
        episodes: EpisodeSpan::over(ends.into_iter().map(|number| (number, number))),
        list,
        rutube,
    }
}

/// Returns the host of most streams.
fn host(episodes: &[&v1::Episode]) -> Option<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (_, url) in episodes.iter().flat_map(|episode| episode.streams()) {
        if let Some(host) = Url::parse(url).ok().as_ref().and_then(authority) {
            *counts.entry(host).or_default() += 1;
        }
    }
    // The name decides between hosts with the same count, so that the result is stable.
    counts
        .into_iter()
        .max_by(|(name, count), (other_name, other)| count.cmp(other).then(other_name.cmp(name)))
        .map(|(host, _)| host)
}

fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn episode(episode: &v1::Episode) -> Episode {
    let preview = episode.preview.as_ref();
    let hls = |quality| episode.hls(quality).map(path);
    Episode {
        episode: episode.ordinal,
        name: filled(episode.name.as_ref()).or_else(|| filled(episode.name_english.as_ref())),
        uuid: Some(episode.id.get()),
        created_timestamp: episode.updated_at,
        preview: preview.and_then(|image| image.preview.as_ref().or(image.src.as_ref())).map(|url| path(url)),
        skips: Skips { opening: skip(&episode.opening), ending: skip(&episode.ending) },
        hls: Hls { fhd: hls(Quality::FullHd), hd: hls(Quality::Hd), sd: hls(Quality::Sd) },
    }
}

fn rutube_episode(episode: &v1::Episode) -> Option<RutubeEpisode> {
    Some(RutubeEpisode {
        episode: episode.ordinal,
        created_timestamp: episode.updated_at,
        rutube_id: filled(episode.rutube_id.as_ref())?,
    })
}

fn skip(skip: &v1::Skip) -> Vec<Number> {
    let ends = skip.start.zip(skip.stop);
    ends.map(|(start, stop)| [start, stop].into_iter().filter_map(seconds).collect()).unwrap_or_default()
}

/// Returns seconds, as an integer if there is no fraction.
fn seconds(duration: Duration) -> Option<Number> {
    if duration.subsec_nanos() == 0 {
        Some(duration.as_secs().into())
    } else {
        Number::from_f64(duration.as_secs_f64())
    }
}

/// Returns the path and query of a URL; a path unchanged.
pub(super) fn path(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => url[url::Position::BeforePath..].to_owned(),
        Err(_) => url.to_owned(),
    }
}

/// Returns the text unless it is blank.
fn filled(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn title(value: Value) -> Value {
        let release: Release = serde_json::from_value(value).unwrap();
        serde_json::to_value(Mapping::new(&release).title()).unwrap()
    }

    fn episode(ordinal: f64, host: &str) -> Value {
        json!({
            "id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": ordinal, "name": null, "name_english": "Start",
            "opening": {"start": 6, "stop": 95.5}, "ending": {"start": null, "stop": null},
            "hls_720": format!("https://{host}/videos/{ordinal}/720.m3u8?isWithAds=1"),
            "updated_at": "2026-02-21T17:56:08+00:00", "preview": {"src": "/e.jpg"},
        })
    }

    #[test]
    fn release_is_mapped_to_a_v3_title() {
        let title = title(json!({
            "id": 7, "alias": "name", "name": {"main": "Имя", "english": "Name", "alternative": " "},
            "is_ongoing": true, "is_blocked_by_copyrights": true, "season": {"value": "autumn"}, "year": 2023,
            "publish_day": {"value": 1}, "added_in_users_favorites": 5, "notification": "",
            "poster": {"preview": "https://site.example/p.jpg", "thumbnail": "/t.jpg", "optimized": {"preview": "/p.webp"}},
            "genres": [{"id": 1, "name": "Экшен"}, {"id": 2, "name": "Драма"}],
            "fresh_at": "2023-11-14T22:13:20+00:00", "updated_at": "2023-11-14T22:15:00+00:00",
            "members": [
                {"id": "9b5e26ee-598f-4b8b-b77e-188d3e456302", "nickname": "b", "role": {"value": "voicing"}},
                {"id": "9b5e26ee-598f-4b8b-b77e-188d3e456303", "nickname": "A", "role": {"value": "voicing"}},
                {"id": "9b5e26ee-598f-4b8b-b77e-188d3e456304", "nickname": "c", "role": {"value": "poster"}},
            ],
        }));

        assert_eq!(title["names"], json!({"ru": "Имя", "en": "Name", "alternative": null}));
        assert_eq!(title["status"], json!({"string": "В работе", "code": 1}));
        assert_eq!(title["posters"]["small"]["url"], "/t.jpg");
        assert_eq!(title["posters"]["original"]["url"], "/p.jpg");
        assert_eq!(
            (&title["updated"], &title["last_change"]),
            (&json!(1_700_000_000), &json!(1_700_000_100))
        );
        assert_eq!(title["genres"], json!(["Драма", "Экшен"]));
        assert_eq!(title["team"]["voice"], json!(["A", "b"]));
        assert_eq!(title["team"]["decor"], json!([]));
        assert_eq!(title["season"], json!({"string": "осень", "code": 4, "year": 2023, "week_day": 0}));
        assert_eq!(
            title["blocked"],
            json!({"blocked": false, "bakanim": true, "copyrights": true, "geoip": false})
        );
        assert_eq!(title["announce"], Value::Null);
        assert_eq!(title["player"]["episodes"], json!({"first": null, "last": null, "string": null}));
        assert!(title.get("franchises").is_none());
    }

    #[test]
    fn episodes_have_paths_and_the_player_has_the_most_frequent_host() {
        let title = title(json!({
            "id": 7, "episodes": [episode(1.0, "a.example"), episode(2.5, "b.example"), episode(3.0, "b.example")],
        }));

        let player = &title["player"];
        assert_eq!(player["host"], "b.example");
        assert_eq!(player["episodes"], json!({"first": 1, "last": 3, "string": "1-3"}));
        assert_eq!(
            player["list"]["2.5"],
            json!({
                "episode": 2.5, "name": "Start", "uuid": "9b5e26ee-598f-4b8b-b77e-188d3e456301",
                "created_timestamp": 1_771_696_568, "preview": "/e.jpg",
                "skips": {"opening": [6, 95.5], "ending": []},
                "hls": {"fhd": null, "hd": "/videos/2.5/720.m3u8?isWithAds=1", "sd": null},
            })
        );
        assert_eq!(player["rutube"], json!({}));
    }

    #[test]
    fn title_with_rutube_episodes_only_is_marked() {
        let title = title(json!({
            "id": 7,
            "episodes": [{"id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": 1, "rutube_id": "abc"}],
        }));

        assert_eq!(title["player"]["is_rutube"], true);
        assert_eq!(title["player"]["list"], json!({}));
        assert_eq!(title["player"]["rutube"]["1"]["rutube_id"], "abc");
    }

    #[test]
    fn franchise_lists_known_titles_in_order() {
        let franchise: v1::Franchise = serde_json::from_value(json!({
            "id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "name": "Все", "franchise_releases": [
                {"release_id": 2, "sort_order": 2, "release": {"id": 2, "alias": "two", "name": {"main": "Два"}}},
                {"release_id": 3, "sort_order": 3},
                {"release_id": 1, "sort_order": 1, "release": {"id": 1, "alias": "one", "name": {"main": "Раз"}}},
            ],
        }))
        .unwrap();

        let json = serde_json::to_value(Franchise::from(&franchise)).unwrap();

        let codes: Vec<_> = json["releases"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
        assert_eq!(codes, ["one", "two"]);
        assert_eq!(json["franchise"]["name"], "Все");
    }
}
