//! Caches of typed values.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking; clippy.toml exempts only test functions")]

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};

use anilibria_cache::{
    BoxError, Cache, Codec, Invalidation, Json, LoadError, MemoryStore, NewTypedValue, Postcard, Scope,
    Store, TypedCache,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

const TTL: Duration = Duration::from_mins(5);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Title {
    name: String,
}

fn title(name: &str) -> Title {
    Title { name: name.to_owned() }
}

fn cache() -> (Cache, MemoryStore, MemoryStore) {
    let (near, far) = (MemoryStore::new(1 << 20), MemoryStore::new(1 << 20));
    let cache = Cache::builder().level(near.clone()).ttl(TTL).level(far.clone()).ttl(TTL).build();
    (cache, near, far)
}

async fn forget(store: &MemoryStore) {
    store.invalidate(&Invalidation::remove(Scope::All), SystemTime::now()).await.unwrap();
}

#[tokio::test]
async fn value_is_shared_in_memory_and_decoded_once_from_a_further_level() {
    let (cache, near, _) = cache();
    let titles = TypedCache::<Title, _>::new(cache, Json);
    let load = || async { Ok::<_, Infallible>(title("Naruto")) };

    let loaded = titles.get_or_load("key", [], load).await.unwrap();
    let hit = titles.get_or_load("key", [], load).await.unwrap();
    forget(&near).await;
    let far = titles.get_or_load("key", [], load).await.unwrap();
    let copied = titles.get("key").await.unwrap();

    assert!(Arc::ptr_eq(loaded.value().unwrap(), hit.value().unwrap()));
    assert_eq!((&**far.value().unwrap(), far.cached().origin().is_hit()), (&title("Naruto"), true));
    assert_eq!(copied.into_value().as_deref(), Some(&title("Naruto")));
    assert_eq!(titles.cache().stats().await.loads, 1);
}

#[tokio::test]
async fn an_absent_value_is_none_and_tags_apply() {
    let (cache, ..) = cache();
    let titles = TypedCache::<Title, _>::new(cache, Postcard);
    let absent = || async { Ok::<_, Infallible>(None) };

    let nothing = titles.get_or_load("nothing", [], absent).await.unwrap();
    titles.set("key", NewTypedValue::new(title("One Piece")).tag("titles")).await.unwrap();
    let found = titles.get("key").await.unwrap();
    titles.cache().remove_by_tag("titles").await;

    assert!(nothing.value().is_none() && nothing.cached().is_absent());
    assert_eq!(**found.value().unwrap(), title("One Piece"));
    assert!(titles.get("key").await.is_none());
}

#[tokio::test]
async fn bytes_of_another_type_are_loaded_again() {
    let (cache, near, _) = cache();
    for key in ["one", "many"] {
        cache.set(key, "not a title").await;
    }
    forget(&near).await;
    let titles = TypedCache::<Title, _>::new(cache, Json);

    let one = titles.get_or_load("one", [], || async { Ok::<_, Infallible>(title("Naruto")) }).await.unwrap();
    let load = |keys: Vec<Arc<str>>| async move {
        Ok::<Vec<_>, Infallible>(keys.into_iter().map(|key| (key, title("Naruto"))).collect())
    };
    let many = titles.get_or_load_many(["one", "many"], load).await;

    assert_eq!(**one.value().unwrap(), title("Naruto"));
    for title_ in many {
        assert_eq!(**title_.unwrap().value().unwrap(), title("Naruto"));
    }
}

#[tokio::test]
async fn errors_of_the_loader_and_of_the_codec_differ() {
    struct Broken;
    impl Codec<u8> for Broken {
        fn encode(&self, _: &u8) -> Result<Bytes, BoxError> {
            Err("no".into())
        }

        fn decode(&self, _: &Bytes) -> Result<u8, BoxError> {
            Err("no".into())
        }
    }
    let (cache, ..) = cache();
    let numbers = TypedCache::<u8, _>::new(cache, Broken);

    let failed = numbers.get_or_load("a", [], || async { Err::<u8, _>("down") }).await.unwrap_err();
    let unencodable = numbers.get_or_load("a", [], || async { Ok::<_, &str>(7) }).await.unwrap_err();

    assert_eq!(failed.loader_error(), Some(&"down"));
    assert!(matches!(unencodable, LoadError::Codec(_)), "{unencodable}");
    assert!(numbers.set("a", 7).await.is_err());
}

#[tokio::test]
async fn callers_of_one_key_share_one_load_and_one_value() {
    let (cache, ..) = cache();
    let titles = TypedCache::<Title, _>::new(cache, Json);
    let loads = Arc::new(AtomicU64::new(0));

    let callers = (0..100).map(|_| {
        let (titles, loads) = (titles.clone(), Arc::clone(&loads));
        tokio::spawn(async move {
            let load = move || async move {
                loads.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(title("Naruto"))
            };
            titles.get_or_load("key", [], load).await.unwrap().into_value().unwrap()
        })
    });
    let values = futures::future::try_join_all(callers).await.unwrap();

    assert!(values.iter().all(|value| Arc::ptr_eq(value, &values[0])));
    assert_eq!(loads.load(SeqCst), 1);
}
