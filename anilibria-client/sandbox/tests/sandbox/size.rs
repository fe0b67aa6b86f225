//! Catalogs of any size.

use std::collections::HashSet;

use anilibria_sandbox::Sandbox;

use crate::ask::{all, get};

#[tokio::test]
async fn ten_thousand_releases_are_read_page_by_page() {
    let sandbox = Sandbox::builder().releases(10_000).build();

    let releases = all(&sandbox, "/anime/catalog/releases?limit=50&include=id,alias").await;

    let ids: HashSet<_> = releases.iter().map(|release| release["id"].as_u64().unwrap()).collect();
    let aliases: HashSet<_> = releases.iter().map(|release| release["alias"].as_str().unwrap()).collect();
    assert_eq!((releases.len(), ids.len(), aliases.len()), (10_000, 10_000, 10_000));
}

#[tokio::test]
async fn catalog_has_the_requested_number_of_releases() {
    for (asked, expected) in [(0, 1), (1, 1), (777, 777)] {
        let sandbox = Sandbox::builder().releases(asked).build();

        let catalog = get(&sandbox, "/anime/catalog/releases").await;

        assert_eq!(catalog["meta"]["pagination"]["total"], expected);
    }
}
