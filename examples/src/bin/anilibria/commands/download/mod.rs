//! `anilibria download`: episodes to files.

mod progress;
mod selection;

use std::path::PathBuf;

use anilibria_client::{
    download::{DownloadError, SpeedLimit},
    model::{Episode, Quality, Release},
};
use anyhow::Context as _;
use clap::{Args, ValueHint};
use tokio::fs;

use self::{
    progress::{Progress, Report},
    selection::{MaxQuality, Selection, rate},
};
use super::Context;
use crate::exit::Failure;

/// Downloads episodes
///
/// Prefer `torrent` for whole series: torrents have better quality, and the stream hosts are there for viewers. A download
/// is therefore limited to two segments per second. A download that was interrupted resumes when it is started again.
/// Complete files are skipped.
#[derive(Args, Debug)]
pub(crate) struct Download {
    /// Id or alias of the release
    release: String,
    /// Numbers of the episodes, such as 1-3,5; all if missing
    #[arg(long, value_name = "NUMBERS")]
    episodes: Option<Selection>,
    /// Highest quality; the next lower one is downloaded if it is missing
    #[arg(long, value_enum, default_value_t)]
    quality: MaxQuality,
    /// Directory of the files, which is created if missing
    #[arg(long, value_hint = ValueHint::DirPath, default_value = ".")]
    dir: PathBuf,
    /// Average number of bytes per second, such as 500K or 2M, in place of two segments per second
    #[arg(long, value_name = "RATE", value_parser = rate)]
    limit_rate: Option<SpeedLimit>,
    /// Number of segments that are fetched at the same time, from 1 to 16
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    parallel: u8,
}

impl Download {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let release = context.client().releases().get(&self.release).await?;
        let episodes = self.select(release.episodes.as_deref().unwrap_or_default())?;
        let in_dir = || format!("cannot create `{}`", self.dir.display());
        fs::create_dir_all(&self.dir).await.with_context(in_dir)?;

        let progress = Progress::new(context.is_json, episodes.len());
        let mut failed = 0_usize;
        for episode in &episodes {
            let report = match self.download(context, &release, episode, &progress).await {
                Ok(report) => report,
                Err(error) if is_of_episode(&error) => Report::failed(episode, &error),
                Err(error) => return Err(error.context(format!("episode {}", episode.ordinal))),
            };
            failed += usize::from(report.is_failure());
            progress.report(&report)?;
        }
        progress.finish();
        anyhow::ensure!(failed == 0, "{failed} of {} episodes could not be downloaded", episodes.len());
        Ok(())
    }

    fn select<'a>(&self, episodes: &'a [Episode]) -> anyhow::Result<Vec<&'a Episode>> {
        let missing = match &self.episodes {
            Some(selection) => {
                selection.missing(episodes).map(|part| format!("the release has no episode {part}"))
            }
            None => episodes.is_empty().then(|| "the release has no episodes".to_owned()),
        };
        if let Some(missing) = missing {
            return Err(Failure::NothingFound(missing).into());
        }
        let is_selected = |episode: &&Episode| {
            self.episodes.as_ref().is_none_or(|selection| selection.contains(episode.ordinal))
        };
        Ok(episodes.iter().filter(is_selected).collect())
    }

    async fn download(
        &self,
        context: &Context,
        release: &Release,
        episode: &Episode,
        progress: &Progress,
    ) -> anyhow::Result<Report> {
        let wanted = Quality::from(self.quality);
        let offered = episode.streams().map(|(quality, _)| quality).find(|quality| *quality <= wanted);
        let path = |quality| self.dir.join(episode.file_name(release, quality, "ts"));
        let expected = path(offered.unwrap_or(wanted));
        if fs::try_exists(&expected).await? {
            return Ok(Report::skipped(episode, expected));
        }
        // The addresses of streams expire; a series takes longer.
        let fresh = context.client().releases().episode(episode.id).await?;
        let bar = progress.start(&fresh);
        let mut download =
            context.client().download().episode(&fresh).quality(wanted).parallel(self.parallel.into());
        download = match self.limit_rate {
            Some(limit) => download.speed_limit(limit),
            None if context.connection.sandbox.is_some() => download.speed_limit(SpeedLimit::Unlimited),
            None => download,
        };
        let on_progress = bar.clone();
        let downloaded =
            download.progress(move |progress| on_progress.update(progress)).to_file(&expected).await;
        bar.finish();
        let mut downloaded = downloaded?;
        let actual = path(downloaded.quality);
        if actual != expected {
            fs::rename(&expected, &actual)
                .await
                .with_context(|| format!("cannot write `{}`", actual.display()))?;
            downloaded.path = actual;
        }
        Ok(Report::saved(episode, downloaded))
    }
}

/// Returns true for errors of one episode, after which the other ones can be downloaded.
fn is_of_episode(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|error: &DownloadError| {
        let is_stream = matches!(
            error,
            DownloadError::NoStream { .. }
                | DownloadError::Playlist { .. }
                | DownloadError::Unsupported { .. }
                | DownloadError::Decrypt { .. }
        );
        is_stream || error.is_not_found()
    })
}
