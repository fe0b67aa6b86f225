//! Downloads one episode in its smallest quality into a temporary file, and tells where its torrents are.
//!
//! `cargo run -p anilibria-examples --example download_episode [-- --live [RELEASE]]`
//!
//! Please take torrents for whole series: the hosts of the streams are there for viewers.

use anilibria_client::model::{Quality, ReleaseRef};
use anyhow::Context as _;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let connection = anilibria_examples::connect().await?;
    let client = &connection.client;

    let asked = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let release = asked.map_or(ReleaseRef::from(1), ReleaseRef::from);
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

    // What the sandbox serves is nothing to look at.
    if connection.sandbox.is_some() {
        std::fs::remove_file(&path)?;
    }
    Ok(())
}
