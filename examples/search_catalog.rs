//! Mirrors the catalog and searches it: with the correct spelling, with a typing error, and in the wrong keyboard layout.
//!
//! `cargo run -p anilibria-examples --example search_catalog [-- [--live] WORDS…]`

use std::time::Instant;

use anilibria_client::reflector::{Catalog, Sort};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let connection = anilibria_examples::connect().await?;
    let reflector = connection.client.reflector();
    // A reflector sends four requests per second by default, to spare the live service. The sandbox needs no limit.
    let reflector = if connection.sandbox.is_some() { reflector.unpaced() } else { reflector }.build();
    reflector.load().await?;
    let catalog = reflector.catalog();
    println!("{} releases, {} KiB as bytes", catalog.len(), catalog.to_bytes().len() / 1024);

    println!("\nBest rated:");
    for entry in catalog.query().sort(Sort::Rating).limit(3).find().items {
        println!("  {:>5.2}  {}", entry.rating.unwrap_or_default(), entry.name);
    }

    let words: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if words.is_empty() {
        for words in ["проклятые крылья", "прокляыте крыьля", "ghjrkznst rhskmz", "proklyatye krylya"]
        {
            search(&catalog, words);
        }
    } else {
        search(&catalog, &words.join(" "));
    }
    Ok(())
}

fn search(catalog: &Catalog, words: &str) {
    let begin = Instant::now();
    let found = catalog.query().search(words).limit(3).find();
    println!("\n“{words}”: {} found in {:?}", found.total, begin.elapsed());
    for entry in found.items {
        println!("  {:>5}  {} ({})", entry.id, entry.name, entry.status());
    }
}
