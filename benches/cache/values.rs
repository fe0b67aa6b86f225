//! Values of the size of a title.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

const VALUE_BYTES: usize = 10_000;

/// Returns bytes that cannot be compressed.
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(bytes).collect()
}

/// Returns 10 KB that cannot be compressed: the size of a title.
pub(crate) fn large_noise() -> Vec<u8> {
    noise(VALUE_BYTES)
}

/// Returns 10 KB of JSON with episodes like those of the service: similar to each other, but different.
pub(crate) fn json() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut json = String::from("[");
    while json.len() < VALUE_BYTES {
        let (id, name) = (random.u64(..), random.u32(1..500));
        // Writing into a string cannot fail.
        let _ = write!(
            json,
            r#"{{"id":"{id:016x}","number":{name},"name":"Серия {name}","duration":{},"sources":[{{"quality":"1080p","url":"https://cache.example/{id:x}/1080.m3u8","type":"hls"}}]}},"#,
            random.u32(1200..1500),
        );
    }
    json.truncate(VALUE_BYTES);
    json.into_bytes()
}

/// A value of a typed cache.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Title {
    name: String,
    episodes: Vec<Episode>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Episode {
    id: u64,
    name: String,
    seconds: u32,
}

impl Title {
    /// A title with a hundred episodes, 5 KB of JSON.
    pub(crate) fn sample() -> Self {
        let episode = |id| Episode { id, name: format!("Серия {id}"), seconds: 1440 };
        Self { name: "Naruto".into(), episodes: (0..100).map(episode).collect() }
    }
}
