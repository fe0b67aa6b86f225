//! `anilibria torrent`: torrent files and magnet links of a release.

use std::{collections::HashSet, path::PathBuf};

use anilibria_client::model::{self, TorrentId, torrent::Resolution};
use anyhow::Context as _;
use clap::{Args, ValueHint};
use serde::Serialize;
use tokio::fs;

use super::Context;
use crate::{
    exit::Failure,
    output::{self, text},
};

/// Saves the torrent files of a release, or prints magnet links
#[derive(Args, Debug)]
pub(crate) struct Torrent {
    /// Id or alias of the release
    release: String,
    /// Prints magnet links and saves no file
    #[arg(long, conflicts_with = "dir")]
    magnet: bool,
    /// Selects the torrent with the highest resolution, and the most seeders among several
    #[arg(long)]
    best: bool,
    /// Selects the torrent with this id; `show` lists the ids
    #[arg(long, value_name = "TORRENT", conflicts_with = "best")]
    id: Option<u64>,
    /// Directory of the files, which is created if missing
    #[arg(long, value_hint = ValueHint::DirPath, default_value = ".")]
    dir: PathBuf,
}

/// A torrent as JSON.
#[derive(Serialize)]
struct Saved {
    id: TorrentId,
    #[serde(skip_serializing_if = "Option::is_none")]
    magnet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
}

impl Torrent {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let release = context.client().releases().get(&self.release).await?;
        let torrents = self.select(release.torrents.unwrap_or_default());
        if torrents.is_empty() {
            return Err(Failure::NothingFound(self.missing()).into());
        }
        let saved = if self.magnet { magnets(&torrents)? } else { self.save(context, &torrents).await? };
        if context.is_json {
            return output::json(&saved);
        }
        for Saved { magnet, path, .. } in saved {
            let path = path.map(|path| text::line(&path.display().to_string()));
            output::line(magnet.or(path).unwrap_or_default())?;
        }
        Ok(())
    }

    fn select(&self, torrents: Vec<model::Torrent>) -> Vec<model::Torrent> {
        match self.id {
            Some(id) => torrents.into_iter().filter(|torrent| torrent.id == TorrentId(id)).collect(),
            None if self.best => torrents.into_iter().max_by_key(rank).into_iter().collect(),
            None => torrents,
        }
    }

    fn missing(&self) -> String {
        match self.id {
            Some(id) => format!("the release has no torrent {id}"),
            None => "the release has no torrents".to_owned(),
        }
    }

    async fn save(&self, context: &Context, torrents: &[model::Torrent]) -> anyhow::Result<Vec<Saved>> {
        let in_dir = || format!("cannot create `{}`", self.dir.display());
        fs::create_dir_all(&self.dir).await.with_context(in_dir)?;
        let (mut names, mut saved) = (HashSet::new(), Vec::new());
        for torrent in torrents {
            let mut name = torrent.file_name();
            if !names.insert(name.clone()) {
                name = format!("{} {name}", torrent.id);
            }
            let path = self.dir.join(name);
            context.client().download().torrent(torrent.id, &path).await?;
            saved.push(Saved { id: torrent.id, magnet: None, path: Some(path) });
        }
        Ok(saved)
    }
}

fn magnets(torrents: &[model::Torrent]) -> anyhow::Result<Vec<Saved>> {
    let magnet = |torrent: &model::Torrent| {
        let magnet = torrent.magnet_link().with_context(|| format!("torrent {} has no hash", torrent.id))?;
        Ok(Saved { id: torrent.id, magnet: Some(magnet), path: None })
    };
    torrents.iter().map(magnet).collect()
}

/// Returns the rank of a torrent; higher is better.
fn rank(torrent: &model::Torrent) -> (u32, u32) {
    let lines = match torrent.resolution {
        Some(Resolution::P360) => 360,
        Some(Resolution::P480) => 480,
        Some(Resolution::P576) => 576,
        Some(Resolution::P720) => 720,
        Some(Resolution::P1080) => 1080,
        Some(Resolution::K2) => 1440,
        Some(Resolution::K4) => 2160,
        Some(Resolution::K8) => 4320,
        _ => 0,
    };
    (lines, torrent.seeders)
}
