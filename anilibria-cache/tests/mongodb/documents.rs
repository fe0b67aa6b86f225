//! What the store writes into the collection, and how it gets on with what others write.

use std::time::SystemTime;

use anilibria_cache::{Error, Invalidation, MongoStore, Scope, Store};
use mongodb::{
    Client, Collection,
    bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype},
};
use test_services::MongoServer;

use super::{builder, entry, eventually};

/// A store and the driver's view of its collection.
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
async fn an_expiry_is_a_change_of_dates_in_the_document() {
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
async fn documents_of_others_are_not_entries_and_are_spared() {
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
async fn what_is_damaged_is_told_and_can_be_replaced_and_removed() {
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
async fn stores_with_prefixes_of_their_own_share_a_collection() {
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
async fn what_no_document_can_hold_is_rejected_and_the_old_entry_stays() {
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
async fn the_first_entry_brings_the_indexes_the_server_knows() {
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
async fn a_server_drops_what_has_expired() {
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
