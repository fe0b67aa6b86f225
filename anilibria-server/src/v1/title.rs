//! A title of API v1: the title of API v3, with further fields that the pages of the site read.

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

/// Poster as a path, for pages that prepend the address of the site.
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

/// Adds the streams of each episode as absolute addresses by number of lines (`"720"`), as the site's player expects them. The
/// paths of API v3 remain next to them.
fn add_streams(title: &mut Value, release: &Release) {
    let mut episodes: Vec<_> = release.episodes.iter().flatten().collect();
    episodes.sort_by_key(|episode| episode.sort_order.unwrap_or(i64::MAX));
    for episode in episodes {
        let path = format!("/player/list/{}", episode.ordinal);
        let Some(listed) = title.pointer_mut(&path).filter(|listed| listed["uuid"] == episode.id.to_string())
        else {
            continue;
        };
        if let Some(hls) = listed.get_mut("hls").and_then(Value::as_object_mut) {
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
    fn title_has_the_fields_of_v3_and_of_the_site() {
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
