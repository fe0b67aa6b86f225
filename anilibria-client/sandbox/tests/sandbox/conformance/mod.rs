//! Every operation of the API's own document is answered, in the form the document gives it.

mod scene;
mod schema;

use std::io::Write as _;
use std::{env, fs};

use http::header::CONTENT_TYPE;
use serde_json::json;

use self::scene::Scene;
use self::schema::{Document, Findings};

/// Where the document is looked for, unless `ANILIBRIA_SPEC` names another place.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/spec/aniliberty-v1.openapi.json");

/// Lists that the live service gives bare, where the document has them as `data` of an object.
const BARE: [&str; 3] = ["/anime/schedule/week", "/media/promotions", "/media/videos"];

/// How else the live service differs from its document, and the sandbox with it: reasons, and what is found.
const DEVIATIONS: &[(&str, &[&str])] = &[
    ("role newer than the document", &["enums.anime.releases.release.member.role: \"hevc\" is not listed"]),
    (
        "absent on the first and the last page",
        &[
            "commons.v1.utils.pagination.schemes.meta.pagination.links.next: missing",
            "commons.v1.utils.pagination.schemes.meta.pagination.links.previous: missing",
        ],
    ),
    (
        "seen null on releases",
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
        "rounds of the schedule without an episode",
        &["models.anime.releases.v1.release.episode: null instead of object"],
    ),
    (
        "seen null on episodes; each quality, name and end of a part to skip on its own",
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
        "seen null on torrents",
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
        "an advertisement is about no release, and a release is no advertisement",
        &[
            "models.anime.releases.v1.release: null instead of object",
            "models.media.promotions.v1.promotion.ad_erid: null instead of string",
            "models.media.promotions.v1.promotion.ad_origin: null instead of string",
        ],
    ),
];

#[tokio::test]
async fn every_operation_of_the_document_is_answered_in_its_form() {
    let path = env::var("ANILIBRIA_SPEC").unwrap_or_else(|_| BESIDE.to_owned());
    let Ok(text) = fs::read_to_string(&path) else {
        let name = "conformance::every_operation_of_the_document_is_answered_in_its_form";
        // Straight to the stream: what a passing test prints is not shown.
        let notice = format!("\nleft out: {name}: there is no document at {path}\n");
        std::io::stderr().write_all(notice.as_bytes()).unwrap();
        return;
    };
    let document = Document::new(&text);
    let mut findings = Findings::new();
    let mut operations = 0;

    for (method, path, expected) in document.operations() {
        operations += 1;
        // Anew for each, as some of them sign out or use something up.
        let answer = Scene::new().await.call(&method, path).await;

        let name = format!("{method} {path}");
        assert_eq!(answer.status.as_u16(), 200, "{name}: {:?}", answer.body);
        let content_type = answer.headers[CONTENT_TYPE].to_str().unwrap();
        match expected["content"].as_object().and_then(|content| content.iter().next()) {
            Some((kind, content)) => {
                assert_eq!(content_type, kind, "{name}");
                if kind == "application/json" {
                    let mut value = answer.json();
                    if BARE.contains(&path) {
                        value = json!({"data": value});
                    }
                    findings.extend(document.check(&content["schema"], &value, &name));
                }
            }
            None => assert_eq!((content_type, answer.body.len()), ("text/html; charset=UTF-8", 0), "{name}"),
        }
    }

    assert_eq!(operations, 77);
    let known: Findings =
        DEVIATIONS.iter().flat_map(|(_, findings)| *findings).map(ToString::to_string).collect();
    let unknown: Vec<_> = findings.difference(&known).collect();
    assert!(unknown.is_empty(), "not as documented: {unknown:#?}");
    let gone: Vec<_> = known.difference(&findings).collect();
    assert!(gone.is_empty(), "as documented after all: {gone:#?}");
}
