//! A disk that fails while it is in use.

use std::{convert::Infallible, fs::OpenOptions, time::Duration};

use anilibria_cache::{Cache, Cached, Clock, DiskStore, ManualClock, MemoryStore};
use bytes::Bytes;

const KEYS: u32 = 200;
const NEAR_TTL: Duration = Duration::from_mins(1);

/// Returns the value of `number`. It takes several pages and cannot be compressed.
fn value(number: u32) -> Bytes {
    let mut random = fastrand::Rng::with_seed(number.into());
    std::iter::repeat_with(|| random.u8(..)).take(8000).collect::<Vec<_>>().into()
}

async fn get(cache: &Cache, number: u32) -> Cached {
    let load = move || async move { Ok::<_, Infallible>(value(number)) };
    cache.get_or_load(&format!("key:{number}"), ["all".into()], load).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_truncated_while_in_use_causes_no_error_and_no_damaged_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.redb");
    // Small, so that the file has to be read again.
    let disk = DiskStore::builder(&path).cache_bytes(1 << 16).open().await.unwrap();
    let clock = ManualClock::new(anilibria_cache::SystemClock.now());
    let cache = Cache::builder().level(MemoryStore::new(64 << 20)).ttl(NEAR_TTL);
    let cache = cache.level(disk.clone()).timeout(Duration::from_secs(10)).ttl(60 * NEAR_TTL);
    let cache = cache.clock(clock.clone()).build();
    for number in 0..KEYS {
        get(&cache, number).await;
    }
    disk.flush().await.unwrap();

    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 3).unwrap();
    clock.advance(2 * NEAR_TTL);

    for number in 0..KEYS {
        assert_eq!(get(&cache, number).await.value(), &value(number));
    }
    cache.remove_by_tag("all").await;
    for number in 0..KEYS {
        assert!(cache.peek(&format!("key:{number}")).await.is_none(), "{number}");
    }
}
