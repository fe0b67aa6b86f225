//! Loads, refreshes, and failures of either.

use std::{sync::Arc, time::Duration};

use anilibria_client::{model::Quality, sandbox::Faults};

use crate::fixture::Fixture;

#[tokio::test]
async fn load_mirrors_every_release() {
    let (fixture, catalog) = Fixture::loaded(120).await;

    assert_eq!(catalog.len(), 120);
    for id in [1, 60, 120] {
        let release = fixture.client.releases().get(id).await.unwrap();
        let entry = catalog.get(id).unwrap();
        assert_eq!((&*entry.alias, &*entry.name), (release.alias.as_str(), release.name.main.as_str()));
        assert_eq!(entry.description.as_ref(), release.description.as_deref().unwrap_or_default());
        assert_eq!((entry.status(), entry.is_blocked()), (release.status(), release.is_blocked()));
        assert_eq!(entry.rating, release.rating.as_ref().unwrap().average);
        assert_eq!((entry.fresh_at(), entry.changed_at()), (release.fresh_at, release.updated_at));
        assert_eq!(entry.poster.large.as_deref(), release.poster.as_ref().unwrap().large());
        let genres: Vec<_> = release.genres.iter().flatten().map(|genre| genre.name.as_str()).collect();
        assert_eq!(catalog.genres_of(entry).collect::<Vec<_>>(), genres);
        assert_eq!(catalog.by_alias(&release.alias).unwrap().id, release.id);
    }
    assert!(catalog.get(121).is_none() && catalog.by_alias("no-such-alias").is_none());
}

#[tokio::test]
async fn episodes_are_mirrored_without_addresses_of_streams() {
    let (fixture, catalog) = Fixture::loaded(60).await;

    let release = fixture.client.releases().get(7).await.unwrap();
    let (theirs, entry) = (release.episodes.unwrap(), catalog.get(7).unwrap());
    let ours = entry.episodes.as_ref().unwrap();

    assert_eq!(ours.len(), theirs.len());
    for (our, their) in ours.iter().zip(&theirs) {
        assert_eq!((our.id, our.ordinal(), our.sort_order()), (their.id, their.ordinal, their.sort_order));
        assert_eq!((our.name.as_deref(), our.duration()), (their.name.as_deref(), their.duration));
        assert_eq!((our.opening(), our.ending()), (their.opening.range(), their.ending.range()));
        assert_eq!(our.preview.as_deref(), their.preview.as_ref().unwrap().medium());
        let qualities: Vec<Quality> = their.streams().map(|(quality, _)| quality).collect();
        assert_eq!(our.qualities().collect::<Vec<_>>(), qualities);
    }
}

#[tokio::test]
async fn load_takes_two_calls_for_a_page_and_a_quiet_refresh_takes_one() {
    let (fixture, _) = Fixture::loaded(120).await;
    let loading = fixture.sandbox.request_count();

    let changed = fixture.reflector.refresh().await.unwrap();

    assert_eq!((loading, fixture.sandbox.request_count() - loading, changed), (6, 1, 0));
}

#[tokio::test]
async fn refresh_reads_changes_and_keeps_old_snapshots() {
    let (fixture, before) = Fixture::loaded(120).await;
    let out = |catalog: &anilibria_client::reflector::Catalog, id: u32| {
        catalog.get(id).unwrap().episodes.as_ref().unwrap().len()
    };
    fixture.sandbox.publish_episode(7).unwrap();
    fixture.sandbox.add_release().unwrap();

    let changed = fixture.reflector.refresh().await.unwrap();

    let after = fixture.reflector.catalog();
    assert_eq!((changed, before.len(), after.len()), (2, 120, 121));
    assert_eq!(out(&after, 7), out(&before, 7) + 1);
    assert_eq!(out(&after, 121), 1);
    assert_eq!(after.query().limit(1).find().items[0].id.get(), 121);
}

#[tokio::test]
async fn refresh_reads_on_when_more_has_changed_than_one_response_shows() {
    let (fixture, _) = Fixture::loaded(200).await;
    for release in 1..=70 {
        fixture.sandbox.publish_episode(release).unwrap();
    }

    assert_eq!(fixture.reflector.refresh().await.unwrap(), 70);
    assert_eq!(fixture.reflector.refresh().await.unwrap(), 0);
}

#[tokio::test]
async fn refresh_before_any_load_reads_everything() {
    let fixture = Fixture::new(60).await;

    assert!(!fixture.reflector.is_loaded());
    assert_eq!(fixture.reflector.refresh().await.unwrap(), 60);
    assert!(fixture.reflector.is_loaded());
}

#[tokio::test]
async fn failed_reads_leave_the_catalog_as_it_was() {
    let (fixture, before) = Fixture::loaded(60).await;
    for faults in [Faults::new().error_rate(1.0), Faults::new().truncate(true)] {
        fixture.sandbox.set_faults(faults).unwrap();

        assert!(fixture.reflector.load().await.is_err());
        assert!(fixture.reflector.refresh().await.is_err());
    }

    assert!(Arc::ptr_eq(&before, &fixture.reflector.catalog()));
}

#[tokio::test]
async fn run_loads_refreshes_and_continues_after_failures() {
    let fixture = Fixture::new(60).await;
    let interval = Duration::from_millis(5);
    let reflector = fixture.client.reflector().unpaced().refresh_every(interval).build();
    let episodes = || reflector.catalog().get(7).map(|entry| entry.episodes_out().unwrap());
    let settled = async {
        while episodes().is_none() {
            tokio::time::sleep(interval).await;
        }
        let before = episodes().unwrap();
        fixture.sandbox.set_faults(Faults::new().error_rate(1.0)).unwrap();
        let asked = fixture.sandbox.request_count();
        while fixture.sandbox.request_count() == asked {
            tokio::time::sleep(interval).await;
        }
        fixture.sandbox.set_faults(Faults::new()).unwrap();
        fixture.sandbox.publish_episode(7).unwrap();
        while episodes() == Some(before) {
            tokio::time::sleep(interval).await;
        }
        (before, episodes().unwrap())
    };

    let (before, after) = tokio::select! {
        counts = settled => counts,
        never = reflector.run() => match never {},
    };

    assert_eq!(after, before + 1);
}

#[tokio::test]
async fn clones_share_one_catalog() {
    let fixture = Fixture::new(20).await;
    let clone = fixture.reflector.clone();

    fixture.reflector.load().await.unwrap();

    assert!(Arc::ptr_eq(&clone.catalog(), &fixture.reflector.catalog()));
}
