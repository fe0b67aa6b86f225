//! Prints the latest releases, searches for the first of them, and lists its episodes with their best stream.
//!
//! `cargo run -p anilibria-examples --example browse_catalog [-- --live]`

use anilibria_client::model::Release;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let connection = anilibria_examples::connect().await?;
    let client = &connection.client;

    println!("Latest releases:");
    let latest = client.releases().latest().limit(5).await?;
    for release in &latest {
        let episode = release.latest_episode.as_ref().map(|episode| format!(", episode {}", episode.ordinal));
        println!("  {:>5}  {}{}", release.id, release.name.main, episode.unwrap_or_default());
    }

    let Some(name) = latest.first().map(|release| &release.name.main) else {
        println!("The catalog is empty.");
        return Ok(());
    };
    let found = client.search(name).await?;
    println!("\nSearch for “{name}”: {} found", found.len());

    if let Some(hit) = found.first() {
        print_episodes(&client.releases().get(hit.id).exclude(["torrents", "members"]).await?);
    }
    Ok(())
}

fn print_episodes(release: &Release) {
    println!("\nEpisodes of {} ({}):", release.name.main, release.alias);
    for episode in release.episodes.iter().flatten() {
        let name = episode.name.as_deref().unwrap_or("untitled");
        match episode.streams().next() {
            Some((quality, url)) => println!("  {:>4}  {name} – {quality} {url}", episode.ordinal),
            None => println!("  {:>4}  {name} – no stream", episode.ordinal),
        }
    }
}
