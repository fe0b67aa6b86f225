//! Loads, refreshes, and failures of either.

use std::{sync::Arc, time::Duration};

use anilibria_client::{model::Quality, sandbox::Faults};

use crate::ground::Ground;

#[tokio::test]
async fn load_mirrors_every_release() {
    let (ground, catalog) = Ground::loaded(120).await;

    assert_eq!(catalog.len(), 120);
    for id in [1, 60, 120] {
        let release = ground.client.releases().get(id).await.unwrap();
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
    let (ground, catalog) = Ground::loaded(60).await;

    let release = ground.client.releases().get(7).await.unwrap();
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
    let (ground, _) = Ground::loaded(120).await;
    let loading = ground.sandbox.request_count();

    let changed = ground.reflector.refresh().await.unwrap();

    assert_eq!((loading, ground.sandbox.request_count() - loading, changed), (6, 1, 0));
}

#[tokio::test]
async fn refresh_reads_changes_and_keeps_old_snapshots() {
    let (ground, before) = Ground::loaded(120).await;
    let out = |catalog: &anilibria_client::reflector::Catalog, id: u32| {
        catalog.get(id).unwrap().episodes.as_ref().unwrap().len()
    };
    ground.sandbox.publish_episode(7).unwrap();
    ground.sandbox.add_release().unwrap();

    let changed = ground.reflector.refresh().await.unwrap();

    let after = ground.reflector.catalog();
    assert_eq!((changed, before.len(), after.len()), (2, 120, 121));
    assert_eq!(out(&after, 7), out(&before, 7) + 1);
    assert_eq!(out(&after, 121), 1);
    assert_eq!(after.query().limit(1).find().items[0].id.get(), 121);
}

#[tokio::test]
async fn refresh_reads_on_when_more_has_changed_than_one_answer_shows() {
    let (ground, _) = Ground::loaded(200).await;
    for release in 1..=70 {
        ground.sandbox.publish_episode(release).unwrap();
    }

    assert_eq!(ground.reflector.refresh().await.unwrap(), 70);
    assert_eq!(ground.reflector.refresh().await.unwrap(), 0);
}

#[tokio::test]
async fn refresh_before_any_load_reads_everything() {
    let ground = Ground::new(60).await;

    assert!(!ground.reflector.is_loaded());
    assert_eq!(ground.reflector.refresh().await.unwrap(), 60);
    assert!(ground.reflector.is_loaded());
}

#[tokio::test]
async fn failed_reads_leave_the_catalog_as_it_was() {
    let (ground, before) = Ground::loaded(60).await;
    for faults in [Faults::new().error_rate(1.0), Faults::new().truncate(true)] {
        ground.sandbox.set_faults(faults).unwrap();

        assert!(ground.reflector.load().await.is_err());
        assert!(ground.reflector.refresh().await.is_err());
    }

    assert!(Arc::ptr_eq(&before, &ground.reflector.catalog()));
}

#[tokio::test]
async fn run_loads_refreshes_and_continues_after_failures() {
    let ground = Ground::new(60).await;
    let interval = Duration::from_millis(5);
    let reflector = ground.client.reflector().unpaced().refresh_every(interval).build();
    let episodes = || reflector.catalog().get(7).map(|entry| entry.episodes_out().unwrap());
    let settled = async {
        while episodes().is_none() {
            tokio::time::sleep(interval).await;
        }
        let before = episodes().unwrap();
        ground.sandbox.set_faults(Faults::new().error_rate(1.0)).unwrap();
        let asked = ground.sandbox.request_count();
        while ground.sandbox.request_count() == asked {
            tokio::time::sleep(interval).await;
        }
        ground.sandbox.set_faults(Faults::new()).unwrap();
        ground.sandbox.publish_episode(7).unwrap();
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
    let ground = Ground::new(20).await;
    let clone = ground.reflector.clone();

    ground.reflector.load().await.unwrap();

    assert!(Arc::ptr_eq(&clone.catalog(), &ground.reflector.catalog()));
}
