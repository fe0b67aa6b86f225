//! Conversion of AniLibria's releases to titles of API v2.

mod entry;

use std::{collections::BTreeMap, time::Duration};

use anilibria_client::{
    Client, model as v1,
    model::{Image, Ordinal, Release, ReleaseKind, ReleaseStatus, ScheduledRelease},
};
use time::OffsetDateTime;

use crate::titles::model::{
    episode::{Episode, EpisodeKey, Quality, Skip, Source, SourceKind},
    schedule::ScheduleDay,
    title::{EpisodeCount, Names, Player, Poster, Season, Title, TitleKind, TitleStatus},
};

/// A mapping from releases to titles. Its client makes the addresses of pictures absolute.
#[derive(Clone, Copy, Debug)]
pub struct Mapping<'a> {
    client: &'a Client,
}

impl<'a> Mapping<'a> {
    /// Creates a mapping for releases of `client`.
    pub fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Converts a release to a title.
    pub fn title(self, release: &Release) -> Title {
        Title {
            id: release.id.get(),
            alias: release.alias.clone(),
            names: Names {
                ru: release.name.main.clone(),
                en: filled(release.name.english.as_ref()),
                alternative: filled(release.name.alternative.as_ref()),
            },
            description: release.description.as_deref().unwrap_or_default().replace("\r\n", "\n"),
            kind: kind(release.kind.as_ref()),
            status: status(release),
            genres: release.genres.iter().flatten().map(|genre| genre.name.clone()).collect(),
            year: release.year.map_or(0, i32::from),
            season: release.season.as_ref().and_then(season),
            episodes: EpisodeCount { total: release.episodes_total, current: current(release) },
            poster: self.poster(release.poster.as_ref()),
            player: Player { episodes: self.episodes(release) },
            rating: release.rating.as_ref().and_then(|rating| rating.average),
            mal_id: release.mal.as_ref().and_then(|title| title.id),
            shikimori_id: release.shikimori.as_ref().and_then(|title| title.id),
            updated_at: updated_at(release).into(),
            blocked: release.is_blocked(),
        }
    }

    /// Converts releases to titles.
    pub fn titles<'r>(self, releases: impl IntoIterator<Item = &'r Release>) -> Vec<Title> {
        releases.into_iter().map(|release| self.title(release)).collect()
    }

    /// Returns `days` of the week, all days if `days` is empty, each with its titles in the order of `week`. 0 is Monday.
    pub fn week(self, week: &[ScheduledRelease], days: &[u8]) -> Vec<ScheduleDay> {
        let is_requested = |day: &u8| days.is_empty() || days.contains(day);
        let on = |day: u8| {
            let same = move |item: &&ScheduledRelease| {
                item.release.publish_day.is_some_and(|other| other.0 == day + 1)
            };
            week.iter().filter(same).map(|item| self.scheduled(item)).collect()
        };
        (0..7).filter(is_requested).map(|day| ScheduleDay { day, list: on(day) }).collect()
    }

    /// Converts an item of the schedule. The item also decides between the statuses `ongoing` and `announced`.
    fn scheduled(self, item: &ScheduledRelease) -> Title {
        let first_is_next = item.next_release_episode_number.is_some_and(|next| next <= Ordinal(1.0));
        let mut title = self.title(&item.release);
        if title.status != TitleStatus::Completed {
            let out = item.published_release_episode.is_some() || !first_is_next;
            title.status = if out { TitleStatus::Ongoing } else { TitleStatus::Announced };
        }
        title
    }

    fn poster(self, image: Option<&Image>) -> Poster {
        let url = |pick: fn(&Image) -> Option<&str>| self.client.media_url(image.and_then(pick)?);
        Poster { small: url(Image::small), medium: url(Image::medium), large: url(Image::large) }
    }

    fn episodes(self, release: &Release) -> BTreeMap<EpisodeKey, Episode> {
        let episodes = release.episodes.iter().flatten();
        episodes
            .map(|episode| {
                (EpisodeKey::new(episode.sort_order, episode.ordinal.get()), self.episode(episode))
            })
            .collect()
    }

    fn episode(self, episode: &v1::Episode) -> Episode {
        let preview = episode.preview.as_ref().and_then(Image::medium);
        let source = |(quality, url): (v1::Quality, &str)| Source {
            quality: match quality {
                v1::Quality::FullHd => Quality::FullHd,
                v1::Quality::Hd => Quality::Hd,
                _ => Quality::Sd,
            },
            url: url.to_owned(),
            kind: SourceKind::Hls,
        };
        Episode {
            id: Some(episode.id.to_string()),
            number: episode.ordinal.get().into(),
            name: episode.name.clone().unwrap_or_default(),
            preview: preview.and_then(|path| self.client.media_url(path)),
            duration: episode.duration.and_then(seconds),
            sources: episode.streams().map(source).collect(),
            opening: skip(&episode.opening),
            ending: skip(&episode.ending),
        }
    }
}

/// Returns the status of a release.
pub fn status(release: &Release) -> TitleStatus {
    title_status(release.status())
}

/// Converts a release status to a title status.
pub fn title_status(status: ReleaseStatus) -> TitleStatus {
    match status {
        ReleaseStatus::Announced => TitleStatus::Announced,
        ReleaseStatus::Completed => TitleStatus::Completed,
        ReleaseStatus::Ongoing => TitleStatus::Ongoing,
    }
}

/// Returns the time of the last update, by which releases are sorted.
pub fn updated_at(release: &Release) -> OffsetDateTime {
    release.last_activity_at().unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Returns the number of published regular episodes; `None` if the response contains no episodes.
fn current(release: &Release) -> Option<u32> {
    let episodes = release.episodes.as_ref()?;
    u32::try_from(episodes.iter().filter(|episode| episode.ordinal.is_whole()).count()).ok()
}

fn kind(kind: Option<&ReleaseKind>) -> TitleKind {
    match kind {
        Some(ReleaseKind::Movie) => TitleKind::Movie,
        Some(ReleaseKind::Ova | ReleaseKind::Oad) => TitleKind::Ova,
        Some(ReleaseKind::Ona | ReleaseKind::Web) => TitleKind::Ona,
        Some(ReleaseKind::Special) => TitleKind::Special,
        _ => TitleKind::Tv,
    }
}

fn season(season: &v1::Season) -> Option<Season> {
    match season {
        v1::Season::Winter => Some(Season::Winter),
        v1::Season::Spring => Some(Season::Spring),
        v1::Season::Summer => Some(Season::Summer),
        v1::Season::Autumn => Some(Season::Autumn),
        _ => None,
    }
}

fn skip(skip: &v1::Skip) -> Option<Skip> {
    skip.range().map(|range| Skip { start: seconds(range.start), stop: seconds(range.end) })
}

fn seconds(duration: Duration) -> Option<u32> {
    duration.as_secs().try_into().ok()
}

/// Returns a name, or `None` if it is empty.
fn filled(name: Option<&String>) -> Option<String> {
    name.filter(|name| !name.trim().is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn release(value: Value) -> Release {
        serde_json::from_value(value).unwrap()
    }

    fn title(value: Value) -> Title {
        let client = Client::builder().mirror("https://site.example/api/v1").build().unwrap();
        Mapping::new(&client).title(&release(value))
    }

    #[test]
    fn status_depends_on_flags_and_episodes() {
        let episode = json!({"id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": 1});
        let cases = [
            (json!({"id": 1, "is_ongoing": true, "episodes": [episode]}), TitleStatus::Ongoing),
            (json!({"id": 1, "is_in_production": true, "episodes": [episode]}), TitleStatus::Ongoing),
            (json!({"id": 1, "is_in_production": true, "episodes": []}), TitleStatus::Announced),
            (json!({"id": 1, "is_ongoing": true}), TitleStatus::Announced),
            (
                json!({"id": 1, "is_ongoing": true, "fresh_at": "2026-02-21T17:56:08+00:00"}),
                TitleStatus::Ongoing,
            ),
            (json!({"id": 1, "episodes": []}), TitleStatus::Completed),
        ];

        for (value, expected) in cases {
            assert_eq!(status(&release(value.clone())), expected, "{value}");
        }
    }

    #[test]
    fn kinds_are_converted() {
        let cases = [
            ("TV", TitleKind::Tv),
            ("DORAMA", TitleKind::Tv),
            ("MOVIE", TitleKind::Movie),
            ("OAD", TitleKind::Ova),
            ("WEB", TitleKind::Ona),
            ("SPECIAL", TitleKind::Special),
            ("HOLOGRAM", TitleKind::Tv),
        ];

        for (value, expected) in cases {
            assert_eq!(title(json!({"id": 1, "type": {"value": value}})).kind, expected, "{value}");
        }
    }

    #[test]
    fn pictures_are_absolute_and_fall_back_to_the_next_larger_size() {
        let poster = json!({"src": "/s.jpg", "optimized": {"preview": "/p.webp", "thumbnail": null}});

        let title = title(json!({"id": 1, "poster": poster}));

        let url = |path: &str| Some(format!("https://site.example{path}"));
        assert_eq!(
            title.poster,
            Poster { small: url("/p.webp"), medium: url("/p.webp"), large: url("/s.jpg") }
        );
    }

    #[test]
    fn only_whole_episodes_count_and_the_order_of_anilibria_is_kept() {
        let id = |n: u32| format!("9b5e26ee-598f-4b8b-b77e-188d3e4563{n:02}");
        let episode = |n: u32, ordinal: f64| json!({"id": id(n), "ordinal": ordinal, "sort_order": n});
        let episodes = [episode(2, 2.0), episode(10, 10.0), episode(1, 1.0), episode(3, 2.5)];

        let title = title(json!({"id": 1, "episodes": episodes}));

        let keys: Vec<_> = title.player.episodes.keys().map(ToString::to_string).collect();
        assert_eq!(keys, ["1", "2", "2.5", "10"]);
        assert_eq!(title.episodes.current, Some(3));
    }

    #[test]
    fn best_source_is_first_and_queries_stay() {
        let episode = json!({
            "id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": 1, "duration": 1420.5,
            "hls_480": "https://cdn.example/480.m3u8?a=1", "hls_1080": "https://cdn.example/1080.m3u8?a=1",
            "opening": {"start": 6, "stop": 95}, "ending": {"start": null, "stop": null},
        });

        let title = title(json!({"id": 1, "episodes": [episode]}));

        let episode = title.player.episodes.values().next().unwrap();
        let sources: Vec<_> =
            episode.sources.iter().map(|source| (source.quality, source.url.as_str())).collect();
        let expected = [
            (Quality::FullHd, "https://cdn.example/1080.m3u8?a=1"),
            (Quality::Sd, "https://cdn.example/480.m3u8?a=1"),
        ];
        assert_eq!(sources, expected);
        assert_eq!((episode.duration, episode.ending), (Some(1420), None));
        assert_eq!(episode.opening, Some(Skip { start: Some(6), stop: Some(95) }));
    }

    #[test]
    fn empty_names_are_null_and_line_ends_are_normalised() {
        let name = json!({"main": "Имя", "english": "", "alternative": " "});

        let title = title(json!({"id": 1, "name": name, "description": "a\r\nb"}));

        assert_eq!((title.names.en, title.names.alternative), (None, None));
        assert_eq!(title.description, "a\nb");
    }

    #[test]
    fn week_has_all_days_unless_some_are_requested() {
        let client = Client::new().unwrap();
        let item = |day: u8, next: u32| {
            let release = json!({"id": 1, "publish_day": {"value": day}, "is_in_production": true});
            serde_json::from_value(json!({"release": release, "next_release_episode_number": next})).unwrap()
        };
        let week: Vec<ScheduledRelease> = vec![item(1, 5), item(7, 1)];

        let all = Mapping::new(&client).week(&week, &[]);
        let some = Mapping::new(&client).week(&week, &[6]);

        assert_eq!(
            all.iter().map(|day| (day.day, day.list.len())).collect::<Vec<_>>()[..2],
            [(0, 1), (1, 0)]
        );
        assert_eq!(all[0].list[0].status, TitleStatus::Ongoing);
        assert_eq!((some.len(), some[0].day, some[0].list[0].status), (1, 6, TitleStatus::Announced));
    }
}
