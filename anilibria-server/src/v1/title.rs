//! A title of version 1: the one of v3, with further fields that the site's own pages read.

use anilibria_client::{Client, model::Release, v3};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct Title {
    #[serde(flatten)]
    of_v3: v3::model::Title,
    /// Duplicates the year in `season`.
    year: Option<u16>,
    rating: Option<f64>,
    poster: Poster,
}

/// Poster for pages that prepend the site's address.
#[derive(Serialize)]
struct Poster {
    src: Option<String>,
}

/// Converts `release` to a title.
pub(super) fn title(client: &Client, release: &Release) -> serde_json::Result<Value> {
    let mut title = v3::Mapping::new(release).title();
    let src = title.posters.medium.url.clone();
    for poster in [&mut title.posters.small, &mut title.posters.medium, &mut title.posters.original] {
        poster.url = poster.url.take().and_then(|path| client.media_url(&path));
    }
    let rating = release.rating.as_ref().and_then(|rating| rating.average);
    let title = Title { of_v3: title, year: release.year, rating, poster: Poster { src } };
    let mut title = serde_json::to_value(title)?;
    add_streams(&mut title, release);
    Ok(title)
}

/// Converts releases to titles.
pub(super) fn titles<'r>(
    client: &Client,
    releases: impl IntoIterator<Item = &'r Release>,
) -> serde_json::Result<Vec<Value>> {
    releases.into_iter().map(|release| title(client, release)).collect()
}

/// Adds to each episode its streams by number of lines (`"720"`), as the site's player expects them: absolute addresses,
/// next to the paths of v3.
fn add_streams(title: &mut Value, release: &Release) {
    let mut episodes: Vec<_> = release.episodes.iter().flatten().collect();
    episodes.sort_by_key(|episode| episode.sort_order.unwrap_or(i64::MAX));
    for episode in episodes {
        let path = format!("/player/list/{}", episode.ordinal);
        let Some(old) = title.pointer_mut(&path).filter(|old| old["uuid"] == episode.id.to_string()) else {
            continue;
        };
        if let Some(hls) = old.get_mut("hls").and_then(Value::as_object_mut) {
            for (quality, url) in episode.streams() {
                hls.insert(quality.to_string().trim_end_matches('p').to_owned(), url.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_families_of_posters_and_both_places_of_the_year_are_filled() {
        let client = Client::builder().mirror("https://site.example/api/v1").build().unwrap();
        let release = serde_json::from_value(json!({
            "id": 7, "year": 2020, "rating": {"average": 8.5},
            "poster": {"preview": "/p.jpg", "thumbnail": "/t.jpg"},
            "episodes": [{
                "id": "9b5e26ee-598f-4b8b-b77e-188d3e456301", "ordinal": 1,
                "hls_720": "https://cdn.example/720.m3u8",
            }],
        }))
        .unwrap();

        let title = title(&client, &release).unwrap();

        assert_eq!(title["posters"]["small"]["url"], "https://site.example/t.jpg");
        assert_eq!(title["poster"]["src"], "/p.jpg");
        assert_eq!(
            (&title["year"], &title["season"]["year"], &title["rating"]),
            (&json!(2020), &json!(2020), &json!(8.5))
        );
        assert_eq!(
            title["player"]["list"]["1"]["hls"],
            json!({"fhd": null, "hd": "/720.m3u8", "sd": null, "720": "https://cdn.example/720.m3u8"})
        );
    }
}
