//! Responses of all operations conform to the API document.

mod scene;
mod schema;

use std::io::Write as _;
use std::{env, fs};

use http::header::CONTENT_TYPE;
use serde_json::json;

use self::scene::Scene;
use self::schema::{Document, Findings};

/// Default path of the API document. `ANILIBRIA_SPEC` overrides it.
const DEFAULT_DOCUMENT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/spec/aniliberty-v1.openapi.json");

/// Lists that the live service sends without an envelope. In the document they are `data` of an object.
const WITHOUT_ENVELOPE: [&str; 3] = ["/anime/schedule/week", "/media/promotions", "/media/videos"];

/// Other deviations of the live service from its document, which the sandbox copies: reasons and findings.
const DEVIATIONS: &[(&str, &[&str])] = &[
    (
        "role that the document does not contain",
        &["enums.anime.releases.release.member.role: \"hevc\" is not listed"],
    ),
    (
        "absent on the first and the last page",
        &[
            "commons.v1.utils.pagination.schemes.meta.pagination.links.next: missing",
            "commons.v1.utils.pagination.schemes.meta.pagination.links.previous: missing",
        ],
    ),
    (
        "null on some releases",
        &[
            "models.anime.franchises.v1.franchise.rating: null instead of number",
            "models.anime.releases.v1.release.average_duration_of_episode: null instead of number",
            "models.anime.releases.v1.release.created_at: null instead of string",
            "models.anime.releases.v1.release.external_player: null instead of string",
            "models.anime.releases.v1.release.name.alternative: null instead of string",
            "models.anime.releases.v1.release.notification: null instead of string",
        ],
    ),
    (
        "releases without a season",
        &[
            "enums.anime.releases.release.season: null instead of string",
            "models.anime.releases.v1.release.season.description: null instead of string",
        ],
    ),
    (
        "schedule entries without an episode",
        &["models.anime.releases.v1.release.episode: null instead of object"],
    ),
    (
        "null on some episodes; each quality, name and bound of a skipped part independently",
        &[
            "models.anime.releases.v1.release.episode.hls_1080: null instead of string",
            "models.anime.releases.v1.release.episode.hls_480: null instead of string",
            "models.anime.releases.v1.release.episode.hls_720: null instead of string",
            "models.anime.releases.v1.release.episode.name: null instead of string",
            "models.anime.releases.v1.release.episode.name_english: null instead of string",
            "models.anime.releases.v1.release.episode.rutube_id: null instead of string",
            "models.anime.releases.v1.release.episode.skip.start: null instead of number",
            "models.anime.releases.v1.release.episode.skip.stop: null instead of number",
            "models.anime.releases.v1.release.episode.youtube_id: null instead of string",
        ],
    ),
    (
        "null on some torrents",
        &[
            "enums.anime.torrents.torrent.color: null instead of string",
            "models.anime.torrents.v1.torrent.bitrate: null instead of integer",
            "models.anime.torrents.v1.torrent.codec.label_color: null instead of string",
            "models.anime.torrents.v1.torrent.color.description: null instead of string",
            "models.anime.torrents.v1.torrent.member.external_url: null instead of string",
            "models.anime.torrents.v1.torrent.member.user: null instead of object",
        ],
    ),
    (
        "optional in the official apps",
        &[
            "models.teams.v1.team.description: null instead of string",
            "models.teams.v1.team.role.color: null instead of string",
            "models.teams.v1.team.user.account: null instead of object",
        ],
    ),
    (
        "an advertisement has no release, and a release has no advertiser",
        &[
            "models.anime.releases.v1.release: null instead of object",
            "models.media.promotions.v1.promotion.ad_erid: null instead of string",
            "models.media.promotions.v1.promotion.ad_origin: null instead of string",
        ],
    ),
];

#[tokio::test]
async fn every_operation_conforms_to_the_api_document() {
    let path = env::var("ANILIBRIA_SPEC").unwrap_or_else(|_| DEFAULT_DOCUMENT.to_owned());
    let Ok(text) = fs::read_to_string(&path) else {
        let name = "conformance::every_operation_conforms_to_the_api_document";
        // Written to stderr directly, because the harness hides the output of tests that pass.
        let notice = format!("\nskipped: {name}: no document at {path}\n");
        std::io::stderr().write_all(notice.as_bytes()).unwrap();
        return;
    };
    let document = Document::new(&text);
    let mut findings = Findings::new();
    let mut operations = 0;

    for (method, path, expected) in document.operations() {
        operations += 1;
        // A new scene per operation, because some operations end the session or use up a record.
        let response = Scene::new().await.call(&method, path).await;

        let name = format!("{method} {path}");
        assert_eq!(response.status.as_u16(), 200, "{name}: {:?}", response.body);
        let content_type = response.headers[CONTENT_TYPE].to_str().unwrap();
        match expected["content"].as_object().and_then(|content| content.iter().next()) {
            Some((kind, content)) => {
                assert_eq!(content_type, kind, "{name}");
                if kind == "application/json" {
                    let mut value = response.json();
                    if WITHOUT_ENVELOPE.contains(&path) {
                        value = json!({"data": value});
                    }
                    findings.extend(document.check(&content["schema"], &value, &name));
                }
            }
            None => {
                assert_eq!((content_type, response.body.len()), ("text/html; charset=UTF-8", 0), "{name}");
            }
        }
    }

    assert_eq!(operations, 77);
    let known: Findings =
        DEVIATIONS.iter().flat_map(|(_, findings)| *findings).map(ToString::to_string).collect();
    let unknown: Vec<_> = findings.difference(&known).collect();
    assert!(unknown.is_empty(), "undocumented deviations: {unknown:#?}");
    let gone: Vec<_> = known.difference(&findings).collect();
    assert!(gone.is_empty(), "deviations that no longer occur: {gone:#?}");
}
