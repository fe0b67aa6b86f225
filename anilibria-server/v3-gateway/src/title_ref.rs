//! References to titles: by id, by readable id, or by one of their torrents.

use std::collections::HashMap;

use anilibria_cache::{NewValue, Options};
use anilibria_client::{
    model::{ReleaseId, ReleaseRef, TorrentId},
    reflector::{Catalog, TorrentEntry},
    request::{MAX_LIMIT, is_reserved},
};
use anilibria_http::{LoadFailure, tag};

use super::{
    gateway::{Gateway, catalog},
    key,
    quota::RequestQuota,
};
use crate::host::HostTitles;

/// Path of AniLibria's releases. Below it, AniLibria also has operations that are not releases.
const RELEASES: &str = "/anime/releases";

/// Maximum bytes of a readable id.
const MAX_CODE: usize = 200;

/// Maximum readable ids that are looked up at AniLibria when there is no local catalog. They take five calls.
const MAX_CODES: usize = 5 * MAX_LIMIT as usize;

/// Maximum torrents that are looked up at AniLibria when there is no local catalog, one call each.
const MAX_TORRENTS: usize = 8;

/// Reference to one title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TitleRef {
    Id(u32),
    Code(String),
    Torrent(u64),
}

/// References in a request for a list of titles.
#[derive(Clone, Debug, Default)]
pub(super) struct TitleRefs {
    pub(super) ids: Vec<u32>,
    pub(super) codes: Vec<String>,
    pub(super) torrents: Vec<u64>,
}

impl TitleRefs {
    /// True if there are no references.
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.codes.is_empty() && self.torrents.is_empty()
    }
}

impl Gateway {
    /// Returns the id of the title that `title` refers to; `None` if there is none.
    ///
    /// If the local catalog is loaded, a readable id that is not in the catalog does not exist. A torrent may be newer than the
    /// catalog, so a torrent that is not in the catalog is looked up at AniLibria.
    pub(super) async fn resolve(&self, title: TitleRef) -> Result<Option<ReleaseId>, LoadFailure> {
        let catalog = catalog(&self.titles);
        match title {
            TitleRef::Id(id) => Ok(Some(ReleaseId(id))),
            TitleRef::Code(code) if !is_valid_code(&code) => Ok(None),
            TitleRef::Code(code) => match catalog {
                Some(catalog) => Ok(catalog.by_alias(&code).map(|entry| entry.id)),
                None => id_of_code(&self.titles, code).await,
            },
            TitleRef::Torrent(id) => {
                match catalog.and_then(|catalog| owner_of_torrent(&catalog, TorrentId(id))) {
                    Some(id) => Ok(Some(id)),
                    None => id_of_torrent(&self.titles, id).await,
                }
            }
        }
    }

    /// Returns the ids of the titles that `refs` refer to, each once and in this order. Titles that do not exist are left out.
    ///
    /// If the local catalog is loaded, readable ids and torrents that are not in the catalog do not exist. Without a catalog, a
    /// limited number of them is looked up at AniLibria. Ids are not checked here, but when the titles are read.
    ///
    /// # Errors
    ///
    /// [`LoadFailure::InvalidParameter`] if there is no local catalog, and there are more references than may be looked up at
    /// AniLibria.
    pub(super) async fn resolve_all(
        &self,
        refs: TitleRefs,
        quota: &RequestQuota,
    ) -> Result<Vec<ReleaseId>, LoadFailure> {
        let TitleRefs { ids, codes, torrents } = refs;
        let mut found: Vec<ReleaseId> = Vec::new();
        let mut add = |id: ReleaseId| {
            if !found.contains(&id) {
                found.push(id);
            }
        };
        if let Some(catalog) = catalog(&self.titles) {
            ids.into_iter().map(ReleaseId).for_each(&mut add);
            codes.iter().filter_map(|code| catalog.by_alias(code)).map(|entry| entry.id).for_each(&mut add);
            let torrent_owners = torrent_owners(&catalog);
            torrents.iter().filter_map(|id| torrent_owners.get(&TorrentId(*id)).copied()).for_each(&mut add);
            return Ok(found);
        }
        let codes: Vec<_> = codes.into_iter().filter(|code| is_valid_code(code)).collect();
        check_count("code_list", codes.len(), MAX_CODES)?;
        check_count("torrent_id_list", torrents.len(), MAX_TORRENTS)?;
        quota.charge_calls(codes.len().div_ceil(MAX_LIMIT as usize) + torrents.len())?;
        ids.into_iter().map(ReleaseId).for_each(&mut add);
        let code_owners = ids_of_codes(&self.titles, &codes).await?;
        codes.iter().filter_map(|code| code_owners.get(code).copied()).for_each(&mut add);
        for torrent in torrents {
            id_of_torrent(&self.titles, torrent).await?.into_iter().for_each(&mut add);
        }
        Ok(found)
    }
}

fn check_count(field: &'static str, count: usize, most: usize) -> Result<(), LoadFailure> {
    if count <= most {
        return Ok(());
    }
    let reason = format!("must not have more than {most} values until the catalog is loaded");
    Err(LoadFailure::InvalidParameter { field, reason: reason.into() })
}

async fn ids_of_codes(
    titles: &HostTitles,
    codes: &[String],
) -> Result<HashMap<String, ReleaseId>, LoadFailure> {
    let mut found = HashMap::new();
    for batch in codes.chunks(MAX_LIMIT as usize) {
        let releases = titles.client().releases().list().aliases(batch.iter().cloned()).limit(MAX_LIMIT);
        let page = releases.include(["id", "alias"]).await?;
        found.extend(page.items.into_iter().map(|release| (release.alias, release.id)));
    }
    Ok(found)
}

async fn id_of_code(titles: &HostTitles, code: String) -> Result<Option<ReleaseId>, LoadFailure> {
    let key = key::code(&code);
    let load = |titles: HostTitles| async move {
        let release = titles.client().releases().get(ReleaseRef::from(code)).include(["id"]).await;
        new_value(release.map(|release| Some(release.id)))
    };
    cached(titles, &key, load).await
}

async fn id_of_torrent(titles: &HostTitles, id: u64) -> Result<Option<ReleaseId>, LoadFailure> {
    let load = move |titles: HostTitles| async move {
        let torrent = titles.client().torrents().get(id).await;
        new_value(torrent.map(|torrent| torrent.release.map(|release| release.id)))
    };
    cached(titles, &key::torrent(id), load).await
}

fn new_value(found: anilibria_client::Result<Option<ReleaseId>>) -> Result<NewValue, LoadFailure> {
    match found {
        Err(error) if error.is_not_found() => Ok(NewValue::absent()),
        Err(error) => Err(error.into()),
        Ok(found) => {
            Ok(found
                .map_or_else(NewValue::absent, |id| NewValue::new(id.to_string()).tag(tag::title(id.get()))))
        }
    }
}

async fn cached<F>(
    titles: &HostTitles,
    key: &str,
    load: impl FnOnce(HostTitles) -> F + Clone + Send + Sync + 'static,
) -> Result<Option<ReleaseId>, LoadFailure>
where
    F: Future<Output = Result<NewValue, LoadFailure>> + Send + 'static,
{
    let cached = titles.cached(&Options::new(), key, load).await?;
    Ok(std::str::from_utf8(cached.value()).ok().and_then(|id| id.parse().ok()))
}

fn owner_of_torrent(catalog: &Catalog, id: TorrentId) -> Option<ReleaseId> {
    let contains_torrent = |torrents: &[TorrentEntry]| torrents.iter().any(|torrent| torrent.id == id);
    catalog.iter().find(|entry| entry.torrents.as_deref().is_some_and(contains_torrent)).map(|entry| entry.id)
}

/// Returns the titles of all torrents in the catalog. For a list of torrents, one pass replaces a pass for each torrent.
fn torrent_owners(catalog: &Catalog) -> HashMap<TorrentId, ReleaseId> {
    let of_entry = |entry: &'_ anilibria_client::reflector::CatalogEntry| {
        let id = entry.id;
        let torrents: Vec<_> = entry.torrents.iter().flatten().map(|torrent| (torrent.id, id)).collect();
        torrents
    };
    catalog.iter().flat_map(of_entry).collect()
}

/// True if `code` has the syntax of a readable id, and AniLibria has no operation with that name.
fn is_valid_code(code: &str) -> bool {
    code.len() <= MAX_CODE
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && code.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && !is_reserved(RELEASES, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_id_is_neither_a_path_nor_a_reserved_word_of_anilibria() {
        for code in ["sword-art-online", "a.b_c", "7", "latest-2"] {
            assert!(is_valid_code(code), "{code}");
        }
        for code in ["", "..", "a/b", "кот", "latest", "random", "recommended", "list", "episodes"] {
            assert!(!is_valid_code(code), "{code}");
        }
    }
}
