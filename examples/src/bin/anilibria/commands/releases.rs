//! Releases that the user names.

use anilibria_client::model::ReleaseId;
use anyhow::Context as _;
use serde::Deserialize;

use super::Context;

/// The part of a release that is read to find its id.
#[derive(Deserialize)]
struct Named {
    id: ReleaseId,
}

/// Returns the ids of releases that are named by id or alias. Each of them must exist.
pub(super) async fn ids(context: &Context, names: &[String]) -> anyhow::Result<Vec<ReleaseId>> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let release = context.client().releases().get(name).include(["id"]).fetch_as::<Named>().await;
        ids.push(release.with_context(|| format!("release `{name}`"))?.id);
    }
    Ok(ids)
}
