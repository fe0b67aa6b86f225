//! Prints the latest releases, counts the films of the catalog and keeps a favorite, without async.
//!
//! `cargo run -p anilibria-examples --example blocking [-- --live]`

use anilibria_client::{
    blocking::{Client, Runtime},
    model::ReleaseKind,
};

fn main() -> anyhow::Result<()> {
    let runtime = Runtime::start()?;
    let connection = runtime.block_on(anilibria_examples::connect())??;
    let client = Client::with_runtime(connection.client.clone(), runtime);

    println!("Latest releases:");
    for release in client.releases().latest().limit(5).send()? {
        println!("  {:>5}  {}", release.id, release.name.main);
    }

    // Pages are requested while the iterator is read.
    let films = client.catalog().releases().kinds([ReleaseKind::Movie]).items();
    let films = films.collect::<Result<Vec<_>, _>>()?;
    println!("\nFilms: {}", films.len());

    // The account of the sandbox.
    if connection.sandbox.is_some() {
        client.session().log_in("demo", "demo")?;
        let favorites = client.favorites().add(films.iter().map(|film| film.id).take(1)).send()?;
        println!("\nFavorites: {}", favorites.len());
        client.session().log_out()?;
    }
    Ok(())
}
