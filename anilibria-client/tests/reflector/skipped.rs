//! Records that cannot be decoded: all others are mirrored, and each one is mirrored once it can be decoded.

use anilibria_client::reflector::CatalogEntry;

use crate::malformed::{DUPLICATE_FIELD, MalformedService, Record};

#[tokio::test]
async fn record_that_cannot_be_decoded_does_not_fail_the_load() {
    // With 51 releases the last page has a single one.
    for count in [2, 51] {
        let service = MalformedService::start(count).await;
        service.change_one(1, |record| record.extra_field = DUPLICATE_FIELD);
        let reflector = service.client().reflector().unpaced().build();

        reflector.load().await.unwrap();

        assert_eq!(reflector.catalog().len(), count as usize - 1);
        assert!(reflector.catalog().get(2).is_some(), "{count} releases");
    }
}

#[tokio::test]
async fn record_is_mirrored_by_the_next_refresh_once_it_can_be_decoded() {
    // The last release is not among the latest ones.
    let service = MalformedService::start(60).await;
    service.change_one(1, |record| record.extra_field = DUPLICATE_FIELD);
    let reflector = service.client().reflector().unpaced().build();
    reflector.load().await.unwrap();
    assert_eq!(reflector.refresh().await.unwrap(), 0);

    service.change_one(1, |record| record.extra_field = "");
    let changed = reflector.refresh().await.unwrap();

    assert_eq!((changed, reflector.catalog().len()), (1, 60));
    assert_eq!(reflector.refresh().await.unwrap(), 0);
}

#[tokio::test]
async fn entry_stays_as_it_was_while_its_record_cannot_be_decoded() {
    let service = MalformedService::start(3).await;
    let reflector = service.client().reflector().unpaced().build();
    reflector.load().await.unwrap();
    let out = |id: u32| reflector.catalog().get(id).and_then(CatalogEntry::episodes_out);
    service.change_one(2, |record| {
        (record.episodes, record.day, record.extra_field) = (2, 101, DUPLICATE_FIELD);
    });
    service.change_one(3, |record| (record.episodes, record.day) = (2, 102));

    assert_eq!(reflector.refresh().await.unwrap(), 1);
    assert_eq!((out(2), out(3)), (Some(1), Some(2)));
    reflector.load().await.unwrap();
    assert_eq!((out(2), out(3)), (Some(1), Some(2)));

    service.change_one(2, |record| record.extra_field = "");
    assert_eq!(reflector.refresh().await.unwrap(), 1);
    assert_eq!(out(2), Some(2));
}

#[tokio::test]
async fn malformed_parts_of_one_release_do_not_fail_the_load() {
    for count in [1, 2] {
        let service = MalformedService::start(count).await;
        let reflector = service.client().reflector().unpaced().build();
        reflector.load().await.unwrap();
        let out = |id: u32| reflector.catalog().get(id).and_then(CatalogEntry::episodes_out);
        service.change_one(1, |record| {
            (record.episodes, record.day) = (2, 101);
            record.extra_field_by_id = r#","episodes":[]"#;
        });

        reflector.load().await.unwrap();

        assert_eq!(out(1), Some(1), "of {count}");
        assert!(reflector.catalog().get(1).unwrap().fresh_at().is_some());
        service.change_one(1, |record| record.extra_field_by_id = "");
        assert_eq!(reflector.refresh().await.unwrap(), 1);
        assert_eq!(out(1), Some(2), "of {count}");
    }
}

#[tokio::test]
async fn catalog_of_which_nothing_can_be_decoded_is_an_error() {
    let service = MalformedService::start(3).await;
    let reflector = service.client().reflector().unpaced().build();
    reflector.load().await.unwrap();
    service.change(|records| records.iter_mut().for_each(|record| record.extra_field = DUPLICATE_FIELD));

    let error = reflector.load().await.unwrap_err();

    assert!(error.to_string().contains('3') || format!("{error:?}").contains("none of 3"), "{error:?}");
    assert_eq!(reflector.catalog().len(), 3);
    service.change(|records: &mut Vec<Record>| records.clear());
    reflector.load().await.unwrap();
    assert!(!reflector.is_loaded());
}
