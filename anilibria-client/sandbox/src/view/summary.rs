//! Rendering of the fields that all views of a release have.

use serde_json::{Map, Value, json};

use super::image::image_with_src;
use super::{hundredths, moment};
use crate::catalog::{Release, reference};
use crate::random::{self, random};

/// Renders the names of a release.
pub(super) fn name(release: &Release) -> Value {
    let title = &release.title;
    json!({"main": title.main, "english": title.english, "alternative": title.alternative})
}

/// Renders the fields of a release that need no catalog: neither genres nor parts.
pub(crate) fn release(release: &Release) -> Value {
    json!({
        "id": release.id,
        "type": release.kind.json(),
        "year": release.year,
        "name": name(release),
        "alias": release.alias,
        "season": {
            "value": release.season.map(|season| season.value),
            "description": release.season.map(|season| season.description),
        },
        "poster": image_with_src(&format!("releases/posters/{}", release.id), &file_names(release, "poster")),
        "fresh_at": release.fresh_at.map(moment),
        "created_at": release.created_at.map(moment),
        "updated_at": moment(release.updated_at),
        "is_ongoing": release.is_ongoing,
        "age_rating": {
            "value": release.age_rating.value,
            "label": release.age_rating.label,
            "is_adult": *release.age_rating == reference::R18,
            "description": release.age_rating.description,
        },
        "publish_day": {
            "value": release.publish_day,
            "description": reference::weekday(release.publish_day),
        },
        "description": release.description(),
        "notification": release.notification(),
        "episodes_total": release.episodes_total,
        "external_player": release.external_player(),
        "is_in_production": release.is_in_production,
        "is_blocked_by_geo": random(&mut release.rng("geo block"), 2),
        "is_blocked_by_copyrights": random(&mut release.rng("copyright block"), 1),
        "added_in_users_favorites": release.favorites,
        "average_duration_of_episode": release.duration,
        "added_in_planned_collection": release.favorites / 10,
        "added_in_watched_collection": release.favorites / 55,
        "added_in_watching_collection": release.favorites / 70,
        "added_in_postponed_collection": release.favorites / 120,
        "added_in_abandoned_collection": release.favorites / 200,
        "rating": rating(release),
        "shikimori": external_rating(release, "shikimori"),
        "mal": external_rating(release, "mal"),
    })
}

fn file_names(release: &Release, part: &str) -> [String; 4] {
    let rng = &mut release.rng(part);
    std::array::from_fn(|_| random::file_name(rng))
}

fn rating(release: &Release) -> Value {
    let rating = release.rating();
    let distribution: Map<_, _> = (1..)
        .zip(rating.distribution)
        .map(|(mark, count): (u8, _)| (mark.to_string(), count.into()))
        .collect();
    json!({
        "average": rating.average.map(hundredths),
        "votes": rating.votes,
        "distribution": distribution,
    })
}

/// Renders the rating of the release on another site.
fn external_rating(release: &Release, site: &str) -> Value {
    let rng = &mut release.rng(site);
    let id = rng.u32(1..60_000);
    let url = match site {
        "mal" => format!("https://myanimelist.net/anime/{id}"),
        _ => format!("https://shikimori.one/animes/{id}"),
    };
    // Sites round to hundredths, and some ratings are integers.
    let rating = if random(rng, 10) { rng.u32(5..=10) * 100 } else { rng.u32(550..930) };
    json!({"id": id, "url": url, "votes": rng.u32(100..400_000), "rating": hundredths(rating)})
}
