//! A catalog as bytes.

use anilibria_client::{
    reflector::{Catalog, Sort},
    saved::Unreadable,
};

use crate::fixture::{Fixture, ids};

#[tokio::test]
async fn catalog_survives_a_restart() {
    let (fixture, before) = Fixture::loaded(120).await;

    let after = Catalog::from_bytes(&before.to_bytes()).unwrap();

    assert!(before.iter().eq(after.iter()));
    assert!(before.genres().eq(after.genres()));
    let best = |catalog: &Catalog| ids(catalog.query().sort(Sort::Rating).limit(20).find().items);
    assert_eq!(best(&before), best(&after));
    let reflector = fixture.client.reflector().unpaced().catalog(after).build();
    assert_eq!(reflector.refresh().await.unwrap(), 0, "nothing has changed since");
}

#[tokio::test]
async fn cut_foreign_newer_and_damaged_bytes_are_refused() {
    let (_ground, catalog) = Fixture::loaded(20).await;
    let bytes = catalog.to_bytes();
    let read = |bytes: &[u8]| Catalog::from_bytes(bytes).map(drop);
    let mut newer = bytes.clone();
    newer[4] += 1;
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;

    assert!(matches!(read(&bytes[..bytes.len() - 1]), Err(Unreadable::Truncated { .. })));
    assert_eq!(read(b"{}"), Err(Unreadable::Foreign));
    assert_eq!(read(&newer), Err(Unreadable::Version { found: 5, supported: 4 }));
    assert_eq!(read(&damaged), Err(Unreadable::Damaged));
}
