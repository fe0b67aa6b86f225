//! Small catalogs, written as text.

use std::sync::{Arc, LazyLock};

use anilibria_client::{
    Client,
    model::{InfoHash, Release, ReleaseId, ReleaseKind, Torrent, TorrentId},
    reflector::Catalog,
};
use anilibria_torznab::{Addresses, Error, Franchises, Index, Parameters, Query, SearchResults};

/// A client that makes no calls.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let client = Client::builder().mirror("https://mirror.example/api/v1");
    client.media_origin("https://site.example").build().unwrap()
});

/// Returns a release: `Name|TV|2019|12` is its name, kind, year and number of episodes.
pub(crate) fn release(id: u32, text: &str) -> Release {
    let mut parts = text.trim().split('|');
    let mut part = || parts.next().unwrap_or_default();
    let mut release = Release::default();
    release.id = ReleaseId(id);
    release.alias = format!("release-{id}");
    let name = part();
    release.name.main = String::from(name);
    release.name.english = name.is_ascii().then(|| name.to_owned());
    release.kind = Some(ReleaseKind::from(part()));
    release.year = part().parse().ok();
    release.episodes_total = part().parse().ok();
    release.torrents = Some(Vec::new());
    release
}

/// Returns a torrent: `1-12 1080p WEBRip x265/HEVC` are its episodes, resolution, source and codec, and `-` stands for an unknown
/// value.
pub(crate) fn torrent(id: u32, text: &str) -> Torrent {
    let mut words = text.rsplitn(4, ' ').map(|word| Some(word).filter(|word| *word != "-"));
    let mut word = || words.next().flatten();
    let mut torrent = Torrent::default();
    torrent.id = TorrentId(id.into());
    let mut hash = [0xab; 20];
    hash[..4].copy_from_slice(&id.to_be_bytes());
    torrent.hash = Some(InfoHash(hash));
    torrent.codec = word().map(Into::into);
    torrent.source = word().map(Into::into);
    torrent.resolution = word().map(Into::into);
    torrent.description = word().map(str::to_owned);
    torrent.size = 1000 + u64::from(id);
    torrent.label = format!("Torrent {id}");
    (torrent.seeders, torrent.leechers, torrent.completed_times) = (7, 3, 40);
    let published = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(19_000 + i64::from(id));
    torrent.updated_at = Some(published);
    torrent
}

/// Returns an index of `releases`, of which those in each of `franchises` belong together.
pub(crate) fn index(releases: Vec<Release>, franchises: &[&[u32]]) -> Index {
    let catalog: Catalog = releases.into_iter().collect();
    let lists = franchises.iter().map(|list| list.iter().copied().map(ReleaseId).collect::<Vec<_>>());
    Index::new(Arc::new(catalog), &lists.collect::<Franchises>(), &CLIENT)
}

/// Returns the result of a request.
pub(crate) fn search<'i>(index: &'i Index, request: &str) -> Result<SearchResults<'i>, Error> {
    let parameters = Parameters::parse(request)?;
    let query = Query::new(parameters.function()?, &parameters)?;
    Ok(index.search(&query))
}

/// Returns the document for a request.
pub(crate) fn document(index: &Index, request: &str) -> String {
    let addresses = Addresses { indexer: "http://localhost/torznab/api", site: "https://site.example/" };
    search(index, request).unwrap().to_xml(addresses)
}

/// Returns the texts of all elements `name` of a document, unescaped.
pub(crate) fn texts(document: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let parts = document.split(start.as_str()).skip(1);
    let text =
        |part: &str| quick_xml::escape::unescape(part.split(end.as_str()).next()?).ok().map(Into::into);
    parts.filter_map(text).collect()
}

/// Returns the titles of the items that a request finds.
pub(crate) fn titles(index: &Index, request: &str) -> Vec<String> {
    // The first title is that of the channel.
    texts(&document(index, request), "title").split_off(1)
}
