//! Documents of the store, and documents of other programs in the same collection.

use std::time::{Duration, SystemTime};

use anilibria_cache::{Error, Invalidation, MongoStore, Scope, Store};
use mongodb::{
    Client, Collection,
    bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype},
};
use test_services::MongoServer;

use super::{builder, entry, eventually};

const HOUR: Duration = Duration::from_hours(1);

/// Returns a store and its collection through the driver.
async fn open(server: &MongoServer) -> (MongoStore, Collection<Document>) {
    let store = builder(server).collection("entries").connect().await.unwrap();
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    (store, client.database("test").collection("entries"))
}

async fn invalidate_all(store: &MongoStore) -> u64 {
    let now = SystemTime::now();
    let expired = store.invalidate(&Invalidation::expire(Scope::All), now).await.unwrap();
    expired + store.invalidate(&Invalidation::remove(Scope::All), now).await.unwrap()
}

fn is_corrupt<T>(result: &anilibria_cache::Result<T>, key: &str) -> bool {
    matches!(result, Err(Error::Corrupt { store: "mongodb", key: named, .. }) if named == key)
}

#[tokio::test]
async fn expiry_changes_the_dates_in_the_document() {
    let Some(server) = MongoServer::start() else { return };
    let (store, collection) = open(&server).await;
    store.set("key", entry("value"), SystemTime::now()).await.unwrap();
    let before = collection.find_one(doc! {}).await.unwrap().unwrap();

    store.invalidate(&Invalidation::expire(Scope::tag("tag")), SystemTime::now()).await.unwrap();

    let after = collection.find_one(doc! {}).await.unwrap().unwrap();
    let date = |document: &Document, name| *document.get_datetime(name).unwrap();
    assert_eq!(before.get("_id"), Some(&Bson::from("key")));
    assert_eq!(before.get("tags"), Some(&Bson::from(vec!["tag"])));
    assert!(date(&after, "fresh_until") < date(&before, "fresh_until"));
    assert!(date(&after, "refresh_at") < date(&before, "refresh_at"));
    assert_eq!(
        (after.get("entry"), after.get("expires_at")),
        (before.get("entry"), before.get("expires_at"))
    );
}

#[tokio::test]
async fn foreign_documents_are_not_entries_and_are_not_changed() {
    let Some(server) = MongoServer::start() else { return };
    let (store, collection) = open(&server).await;
    let others =
        doc! { "_id": "others", "aniLibriaId": 9000, "tags": ["tag"], "expires_at": DateTime::now() };
    collection.insert_one(&others).await.unwrap();

    let read = store.get("others", SystemTime::now()).await;
    let touched = invalidate_all(&store).await;

    assert!(is_corrupt(&read, "others"), "{read:?}");
    assert_eq!((touched, collection.find_one(doc! {}).await.unwrap()), (0, Some(others)));
}

#[tokio::test]
async fn damaged_document_is_an_error_and_can_be_replaced_and_removed() {
    let Some(server) = MongoServer::start() else { return };
    let (store, collection) = open(&server).await;
    let now = SystemTime::now();
    let damage = async || {
        let cut = Binary { subtype: BinarySubtype::Generic, bytes: b"ACE\x01".into() };
        collection.update_one(doc! { "_id": "key" }, doc! { "$set": { "entry": cut } }).await.unwrap();
        assert!(is_corrupt(&store.get("key", now).await, "key"));
    };
    let kept = entry("value");
    store.set("key", kept.clone(), now).await.unwrap();

    damage().await;
    store.set("key", kept.clone(), now).await.unwrap();
    let replaced = store.get("key", now).await.unwrap();
    damage().await;
    let removed = store.invalidate(&Invalidation::remove(Scope::key("key")), now).await.unwrap();

    assert_eq!(replaced.map(|entry| entry.value().clone()), Some(kept.value().clone()));
    assert_eq!((removed, store.get("key", now).await.unwrap()), (1, None));
}

#[tokio::test]
async fn stores_with_different_prefixes_share_a_collection() {
    let Some(server) = MongoServer::start() else { return };
    let now = SystemTime::now();
    let left = builder(&server).prefix("a.b:").connect().await.unwrap();
    let right = builder(&server).prefix("a-b:").connect().await.unwrap();
    for (store, value) in [(&left, "left"), (&right, "right")] {
        store.set("key", entry(value), now).await.unwrap();
    }

    let of_the_tag = left.invalidate(&Invalidation::expire(Scope::tag("tag")), now).await.unwrap();
    let of_all = invalidate_all(&left).await;

    assert_eq!((of_the_tag, of_all), (1, 2));
    assert!(left.get("key", now).await.unwrap().is_none());
    let spared = right.get("key", now).await.unwrap().unwrap();
    assert!(spared.value() == "right" && spared.is_fresh(now));
}

#[tokio::test]
async fn entry_above_the_document_limit_is_rejected_and_the_previous_one_stays() {
    let Some(server) = MongoServer::start() else { return };
    let (store, _) = open(&server).await;
    let now = SystemTime::now();
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(16 << 20).collect();
    store.set("key", entry("value"), now).await.unwrap();

    let refused = store.set("key", entry(noise), now).await;

    assert!(matches!(refused, Err(Error::Rejected { key, .. }) if key == "key"));
    assert_eq!(store.get("key", now).await.unwrap().unwrap().value(), "value");
}

#[tokio::test]
async fn first_entry_creates_the_indexes() {
    let Some(server) = MongoServer::start() else { return };
    let (store, collection) = open(&server).await;

    store.set("key", entry("value"), SystemTime::now()).await.unwrap();

    let wanted: &[&str] = if server.is_mongod() { &["tags_1", "expires_at_1"] } else { &["tags_1"] };
    eventually(async || {
        let names = collection.list_index_names().await.ok()?;
        wanted.iter().all(|&name| names.iter().any(|found| found == name)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn server_removes_expired_documents() {
    let Some(server) = MongoServer::start() else { return };
    if !server.is_mongod() {
        return;
    }
    let (store, collection) = open(&server).await;
    let now = SystemTime::now();
    let soon = anilibria_cache::Lifetime::new(now, std::time::Duration::from_millis(1));

    store.set("key", entry("value").with_lifetime(soon), now).await.unwrap();

    eventually(async || (collection.count_documents(doc! {}).await.ok()? == 0).then_some(())).await;
}

#[tokio::test]
async fn many_entries_are_written_and_read_in_order() {
    let Some(server) = MongoServer::start() else { return };
    let (_, collection) = open(&server).await;
    // Long, because a slow server takes long to write large documents.
    let builder = builder(&server).collection("entries").call_timeout(Duration::from_mins(2));
    let store = builder.clone().connect().await.unwrap();
    let store_with_prefix = builder.prefix("p:").connect().await.unwrap();
    let now = SystemTime::now();
    // Together larger than one command may be.
    let large: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(6 << 20).collect();
    let large = (0..3).map(|number| (format!("large:{number}").into(), entry(large.clone())));
    store.set_many(large.collect(), now).await.unwrap();

    for store in [&store, &store_with_prefix] {
        let values = (0..40_u32).map(|number| number.to_string()).chain(["7".to_owned()]);
        let entries = values.map(|value| (format!("key:{value}").into(), entry(value)));
        store.set_many(entries.collect(), now).await.unwrap();
        let cut = Binary { subtype: BinarySubtype::Generic, bytes: b"ACE\x01".into() };
        collection
            .update_many(doc! { "_id": { "$regex": "key:8$" } }, doc! { "$set": { "entry": cut } })
            .await
            .unwrap();

        // Damaged, unknown and repeated keys are among them.
        let found = store.get_many(&["key:39", "key:8", "unknown", "key:7", "key:7"], now).await.unwrap();

        let values: Vec<_> = found.iter().map(|entry| entry.as_ref().map(|entry| &**entry.value())).collect();
        let expected: [Option<&[u8]>; 5] = [Some(b"39"), None, None, Some(b"7"), Some(b"7")];
        assert_eq!(values, expected);
    }
    let found = store.get_many(&["large:0", "large:1", "large:2"], now).await.unwrap();
    assert!(found.iter().all(|entry| entry.as_ref().is_some_and(|entry| entry.value().len() == 6 << 20)));
    assert_eq!(collection.count_documents(doc! {}).await.unwrap(), 83);
    assert_eq!(store.get_many(&[], now).await.unwrap(), []);
    store.set_many(Vec::new(), now).await.unwrap();
}

#[tokio::test]
async fn entries_among_many_are_replaced_removed_or_rejected_on_their_own() {
    let Some(server) = MongoServer::start() else { return };
    let (store, _) = open(&server).await;
    let now = SystemTime::now();
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(17 << 20).collect();
    let keys = ["replaced", "expired", "rejected", "new"];
    store.set_many(keys[..3].iter().map(|&key| (key.into(), entry("old"))).collect(), now).await.unwrap();

    let expired = anilibria_cache::Lifetime::new(now - 2 * HOUR, HOUR);
    let entries = [
        ("replaced", entry("new")),
        ("expired", entry("new").with_lifetime(expired)),
        ("rejected", entry(noise)),
        ("new", entry("new")),
    ];
    let result =
        store.set_many(entries.into_iter().map(|(key, entry)| (key.into(), entry)).collect(), now).await;

    assert!(matches!(&result, Err(Error::Rejected { key, .. }) if key == "rejected"), "{result:?}");
    let found = store.get_many(&keys, now).await.unwrap();
    let values = found.iter().map(|entry| entry.as_ref().map(|entry| &**entry.value()));
    let expected: [Option<&[u8]>; 4] = [Some(b"new"), None, Some(b"old"), Some(b"new")];
    assert_eq!(values.collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_inserts_of_the_same_entries_succeed() {
    let Some(server) = MongoServer::start() else { return };
    let (store, collection) = open(&server).await;
    let now = SystemTime::now();

    for round in 0..10 {
        let writers = (0..4).map(|writer| {
            let store = store.clone();
            let entries =
                (0..50).map(|number| (format!("key:{round}:{number}").into(), entry(writer.to_string())));
            let entries: Vec<_> = entries.collect();
            tokio::spawn(async move { store.set_many(entries, now).await })
        });
        for written in futures::future::join_all(writers).await {
            written.unwrap().unwrap();
        }
    }

    assert_eq!(collection.count_documents(doc! {}).await.unwrap(), 500);
}
