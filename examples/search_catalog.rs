//! Mirrors the catalogue and searches it: as it is spelled, with an error, and in the wrong keyboard layout.
//!
//! `cargo run -p anilibria-examples --example search_catalog [-- [--live] WORDS…]`

use std::time::Instant;

use anilibria_client::reflector::{Catalog, Sort};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let connection = anilibria_examples::connect().await?;
    let reflector = connection.client.reflector();
    // The sandbox is ours; the live service is asked four times a second.
    let reflector = if connection.sandbox.is_some() { reflector.unpaced() } else { reflector }.build();
    reflector.load().await?;
    let catalogue = reflector.catalog();
    println!("{} releases, {} KiB as bytes", catalogue.len(), catalogue.to_bytes().len() / 1024);

    println!("\nBest rated:");
    for entry in catalogue.query().sort(Sort::Rating).limit(3).find().items {
        println!("  {:>5.2}  {}", entry.rating.unwrap_or_default(), entry.name);
    }

    let words: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if words.is_empty() {
        for words in ["проклятые крылья", "прокляыте крыьля", "ghjrkznst rhskmz", "proklyatye krylya"]
        {
            search(&catalogue, words);
        }
    } else {
        search(&catalogue, &words.join(" "));
    }
    Ok(())
}

fn search(catalogue: &Catalog, words: &str) {
    let begin = Instant::now();
    let found = catalogue.query().search(words).limit(3).find();
    println!("\n“{words}”: {} found in {:?}", found.total, begin.elapsed());
    for entry in found.items {
        println!("  {:>5}  {} ({})", entry.id, entry.name, entry.status());
    }
}
