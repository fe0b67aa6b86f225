//! Downloads an episode in the lowest quality into a temporary file, and prints the magnet links of its torrents.
//!
//! `cargo run -p anilibria-examples --example download_episode [-- --live [RELEASE]]`
//!
//! Use torrents for whole series: the hosts of the streams serve viewers.

use anilibria_client::model::{Quality, ReleaseRef};
use anyhow::Context as _;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let connection = anilibria_examples::connect().await?;
    let client = &connection.client;

    let argument = std::env::args().skip(1).find(|text| !text.starts_with("--"));
    let release = argument.map_or(ReleaseRef::from(1), ReleaseRef::from);
    let release = client.releases().get(release).await?;
    println!("{}", release.name.main);
    for torrent in release.torrents.iter().flatten() {
        println!("  torrent: {}", torrent.magnet_link().unwrap_or_default());
    }

    let mut episodes = release.episodes.iter().flatten();
    let episode =
        episodes.find(|episode| episode.hls(Quality::Sd).is_some()).context("nothing to download")?;
    let path = std::env::temp_dir().join(episode.file_name(&release, Quality::Sd, "ts"));
    println!("  episode {}:", episode.ordinal);
    let downloaded = client
        .download()
        .episode(episode)
        .quality(Quality::Sd)
        .progress(|progress| println!("    {} of {} segments", progress.segments, progress.total_segments))
        .to_file(&path)
        .await?;
    println!("  {} bytes in {} at {}", downloaded.bytes, downloaded.quality, path.display());

    // The sandbox serves no real video.
    if connection.sandbox.is_some() {
        std::fs::remove_file(&path)?;
    }
    Ok(())
}
