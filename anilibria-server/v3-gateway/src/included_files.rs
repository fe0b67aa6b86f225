//! Files included in a title: posters, torrent files, and the metadata of torrents.

use anilibria_client::{
    Client,
    model::TorrentId,
    v3::model::{TorrentFile, TorrentMetadata},
};
use anilibria_http::LoadFailure;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use serde_json::Value;
use tracing::debug;

use super::{
    bencode::Bencode,
    quota::RequestQuota,
    shape::{Include, Shape},
};

/// The sizes of a poster.
const SIZES: [&str; 3] = ["small", "medium", "original"];

/// Maximum bytes of a picture.
const MAX_POSTER_BYTES: usize = 2 << 20;

/// Maximum bytes of a torrent file.
const MAX_TORRENT_FILE_BYTES: usize = 1 << 20;

/// Maximum torrents of a title whose files are included. Titles seldom have more.
const MAX_TORRENTS: usize = 24;

/// Maximum files of a torrent that are listed.
const MAX_FILES: usize = 2000;

/// Number of files that are fetched concurrently.
const CONCURRENT_DOWNLOADS: usize = 4;

/// Adds the files that `shape` includes, and charges for the calls. A file that cannot be read stays `null`.
pub(super) async fn add(
    client: &Client,
    title: &mut Value,
    shape: &Shape,
    quota: &RequestQuota,
) -> Result<(), LoadFailure> {
    let include = shape.include;
    if include.posters
        && shape.reads("posters")
        && let Some(posters) = title.get_mut("posters")
    {
        quota.charge_calls(SIZES.len())?;
        add_posters(client, posters).await;
    }
    if (include.torrents || include.metadata)
        && shape.reads("torrents")
        && let Some(Value::Array(torrents)) = title.pointer_mut("/torrents/list")
    {
        quota.charge_calls(torrents.len().min(MAX_TORRENTS))?;
        add_torrents(client, torrents, include).await;
    }
    Ok(())
}

async fn add_posters(client: &Client, posters: &mut Value) {
    let mut last: Option<(String, Value)> = None;
    for size in SIZES {
        let Some(poster) = posters.get_mut(size) else { continue };
        let Some(url) = poster.get("url").and_then(Value::as_str).map(str::to_owned) else { continue };
        // Two of the three sizes have the same picture.
        let file = match last.take() {
            Some((known, file)) if known == url => file,
            _ => poster_file(client, &url).await,
        };
        if let Some(field) = poster.get_mut("raw_base64_file") {
            *field = file.clone();
        }
        last = Some((url, file));
    }
}

async fn poster_file(client: &Client, url: &str) -> Value {
    match client.media_file(url, MAX_POSTER_BYTES).await {
        Ok(bytes) => STANDARD.encode(bytes).into(),
        Err(error) => {
            debug!(%error, "poster not included");
            Value::Null
        }
    }
}

async fn add_torrents(client: &Client, torrents: &mut [Value], include: Include) {
    let ids: Vec<u64> = torrents
        .iter()
        .filter_map(|torrent| torrent.get("torrent_id")?.as_u64())
        .take(MAX_TORRENTS)
        .collect();
    let fetch = |id: u64| async move { (id, torrent_file(client, TorrentId(id)).await) };
    let files: Vec<_> = stream::iter(ids).map(fetch).buffered(CONCURRENT_DOWNLOADS).collect().await;
    for (id, bytes) in files {
        let Some(bytes) = bytes else { continue };
        let Some(torrent) = torrents.iter_mut().find(|torrent| torrent.get("torrent_id") == Some(&id.into()))
        else {
            continue;
        };
        if include.metadata {
            let hash = torrent.get("hash").and_then(Value::as_str).unwrap_or_default().to_owned();
            let metadata =
                parse_metadata(&bytes, hash).and_then(|metadata| serde_json::to_value(metadata).ok());
            set_field(torrent, "metadata", metadata.unwrap_or_default());
        }
        if include.torrents {
            set_field(torrent, "raw_base64_file", STANDARD.encode(&bytes).into());
        }
    }
}

fn set_field(object: &mut Value, key: &str, value: Value) {
    if let Some(field) = object.get_mut(key) {
        *field = value;
    }
}

async fn torrent_file(client: &Client, id: TorrentId) -> Option<Bytes> {
    match client.torrents().file(id).await {
        Ok(bytes) => Some(bytes).filter(|bytes| bytes.len() <= MAX_TORRENT_FILE_BYTES),
        Err(error) => {
            debug!(%error, "torrent file not included");
            None
        }
    }
}

/// Reads the metadata in a torrent file.
fn parse_metadata(file: &[u8], hash: String) -> Option<TorrentMetadata> {
    let torrent = Bencode::parse(file)?;
    let info = torrent.get("info")?;
    let name = info.get("name").and_then(Bencode::text).unwrap_or_default();
    let mut metadata = TorrentMetadata::default();
    metadata.announce = announce(&torrent);
    let created = torrent.get("creation date").and_then(Bencode::number);
    metadata.created_timestamp =
        created.and_then(|at| time::OffsetDateTime::from_unix_timestamp(at.try_into().ok()?).ok());
    metadata.files_list = match info.get("files") {
        Some(files) => file_list(files),
        None => {
            vec![file_entry(
                name.clone(),
                info.get("length").and_then(Bencode::number).unwrap_or_default(),
                0,
            )]
        }
    };
    metadata.name = name;
    metadata.hash = hash;
    Some(metadata)
}

fn announce(torrent: &Bencode<'_>) -> Vec<String> {
    let tiers = torrent.get("announce-list").map(Bencode::items).unwrap_or_default();
    let mut trackers: Vec<_> = torrent
        .get("announce")
        .into_iter()
        .chain(tiers.iter().flat_map(Bencode::items))
        .filter_map(Bencode::text)
        .collect();
    let mut known = std::collections::HashSet::new();
    trackers.retain(|tracker| known.insert(tracker.clone()));
    trackers
}

fn file_list(files: &Bencode<'_>) -> Vec<TorrentFile> {
    let mut offset = 0;
    let one = |file: &Bencode<'_>| {
        let path = file.get("path").map(Bencode::items).unwrap_or_default();
        let path: Vec<_> = path.iter().filter_map(Bencode::text).collect();
        let size = file.get("length").and_then(Bencode::number).unwrap_or_default();
        let entry = file_entry(path.join("/"), size, offset);
        offset = offset.saturating_add(size);
        entry
    };
    files.items().iter().take(MAX_FILES).map(one).collect()
}

fn file_entry(path: String, size: u64, offset: u64) -> TorrentFile {
    let mut file = TorrentFile::default();
    file.file = path;
    file.size = size;
    file.size_string = anilibria_client::support::format_size(size);
    file.offset = offset;
    file
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_is_read_from_the_torrent_file() {
        let file = b"d8:announce5:a://x13:announce-listll5:a://x5:b://yee13:creation datei1700000000e\
            4:infod5:filesld6:lengthi10e4:pathl1:s5:1.mkveed6:lengthi2000e4:pathl5:2.mkveee4:name4:Nameee";

        let metadata = serde_json::to_value(parse_metadata(file, "ab".to_owned()).unwrap()).unwrap();

        assert_eq!(
            metadata,
            json!({
                "hash": "ab", "name": "Name", "announce": ["a://x", "b://y"], "created_timestamp": 1_700_000_000,
                "files_list": [
                    {"file": "s/1.mkv", "size": 10, "size_string": "10 B", "offset": 0},
                    {"file": "2.mkv", "size": 2000, "size_string": "2 KB", "offset": 10},
                ],
            })
        );
    }

    #[test]
    fn single_file_has_the_name_of_the_torrent() {
        let metadata = parse_metadata(b"d4:infod6:lengthi5e4:name5:a.mkvee", String::new()).unwrap();

        assert_eq!((metadata.files_list[0].file.as_str(), metadata.files_list[0].size), ("a.mkv", 5));
    }
}
