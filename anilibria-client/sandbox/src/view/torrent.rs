//! Rendering of torrents.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::image::image;
use super::summary;
use super::{moment, with};
use crate::catalog::{Release, team, torrent};

/// Characters of a name that are percent-encoded in a magnet link.
const IN_MAGNET: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b']');

/// Renders the torrent at `place` for lists of torrents, with its release and its members.
pub(crate) fn torrent(release: &Release, place: usize) -> Value {
    let members = torrent_members(release, place);
    with(nested_torrent(release, place), [("torrent_members", members)])
}

/// Renders the torrents of a release. Each contains the release and no members.
pub(super) fn nested_torrents(release: &Release) -> Value {
    (0..release.torrents.len()).map(|place| nested_torrent(release, place)).collect()
}

fn nested_torrent(release: &Release, place: usize) -> Value {
    let Some(torrent) = release.torrents.get(place) else {
        return Value::Null;
    };
    let details = release.torrent_details(place, torrent);
    let hash = torrent.hex();
    let name = utf8_percent_encode(&details.label, IN_MAGNET);
    let size = details.size;
    let color = details.has_color.then_some(&details.codec.color);
    let fields = json!({
        "id": torrent::id(release.id, place),
        "hash": hash,
        "size": size,
        "type": {"value": details.source, "description": details.source},
        "color": {
            "value": color.map(|color| color.value),
            "description": color.map(|color| color.description),
        },
        "codec": {
            "value": details.codec.value,
            "label": details.codec.label,
            "description": details.codec.value,
            "label_color": details.codec.label_color,
            "label_is_visible": details.codec.label_is_visible,
        },
        "label": details.label,
        "quality": {"value": details.quality, "description": details.quality},
        "magnet": format!(
            "magnet:?xt=urn:btih:{hash}&dn={name}&xl={size}\
             &tr=http://tr.libria.fun:2710/announce&tr=http://retracker.local/announce"
        ),
        "filename": format!("{}.torrent", details.label),
        "seeders": details.seeders,
        "leechers": details.leechers,
        "bitrate": details.bitrate,
        "is_hardsub": details.is_hardsub,
        "completed_times": details.completed_times,
        "description": details.description,
        "sort_order": place + 1,
        "created_at": moment(details.created_at),
        "updated_at": moment(torrent.updated_at),
    });
    with(fields, [("release", summary::release(release))])
}

fn torrent_members(release: &Release, place: usize) -> Value {
    let torrent = release.torrents.get(place);
    let has_member = torrent.is_some_and(|torrent| release.torrent_details(place, torrent).has_member);
    let encoder = has_member.then(|| team::encoder(release));
    encoder
        .iter()
        .map(|member| {
            json!({
                "id": member.id,
                "nickname": member.nickname,
                "role": {"value": "HEVC", "description": "HEVC"},
                "external_url": null,
                "user": member.user.as_ref().map(|user| {
                    json!({"id": user.id, "avatar": image(&format!("users/avatars/{}", user.id), &user.avatar)})
                }),
            })
        })
        .collect()
}
