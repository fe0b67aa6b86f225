//! Fifty keys in Redis with one call, compared with one `MGET` of the stored values.

use std::{hint::black_box, io, sync::Arc, time::Instant};

use bytes::Bytes;
use redis::AsyncCommands as _;
use test_services::RedisServer;

use crate::{
    cache_in_redis, ensure_from_redis,
    measure::{ROUNDS, report},
    values::{large_noise, noise},
};

const KEYS: usize = 50;
const CALLS: u32 = 200;

pub(crate) async fn hits(server: &RedisServer) -> anyhow::Result<()> {
    let mut bare = redis::Client::open(server.url())?.get_multiplexed_async_connection().await?;
    let cache = cache_in_redis(server)?;
    for (size, value) in [("200 bytes", noise(200)), ("10 KB", large_noise())] {
        let keys: Vec<Arc<str>> = (0..KEYS).map(|number| format!("many:{number}").into()).collect();
        for key in &keys {
            cache.set(key, value.clone()).await;
        }
        let names: Vec<&str> = keys.iter().map(|key| &**key).collect();
        let (mut plain, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            for _ in 0..CALLS {
                let values: Vec<Bytes> = bare.mget(&names).await?;
                black_box(values);
            }
            plain.push(begun.elapsed() / CALLS);

            let begun = Instant::now();
            for _ in 0..CALLS {
                let load =
                    |_| async { Err::<Vec<(Arc<str>, Bytes)>, io::Error>(io::ErrorKind::NotFound.into()) };
                for cached in cache.get_or_load_many(keys.iter().cloned(), load).await {
                    ensure_from_redis(&black_box(cached?))?;
                }
            }
            ours.push(begun.elapsed() / CALLS);
        }
        report(
            &format!("{KEYS} keys of {size}, one call, compared with an MGET of what is stored"),
            plain,
            ours,
        );
    }
    Ok(())
}
