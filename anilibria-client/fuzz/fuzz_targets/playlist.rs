//! Reads arbitrary bytes as a playlist: the result is within the limits, or an error that does not contain the query.
#![no_main]

use anilibria_client::download::read_playlist;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|body: &[u8]| {
    let Ok(url) = Url::parse("https://cdn.example/videos/list.m3u8?viewer=private") else { return };
    match read_playlist(&url, body) {
        // The limit of segments, plus the initialisation segment.
        Ok(segments) => assert!((1..=20_001).contains(&segments)),
        Err(error) => assert!(!error.to_string().contains("viewer=private")),
    }
});
