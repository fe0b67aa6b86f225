//! Any bytes as a playlist: reading gives a plan within its bounds, or an error that does not tell the query.
#![no_main]

use anilibria_client::download::read_playlist;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|body: &[u8]| {
    let Ok(url) = Url::parse("https://cdn.example/videos/list.m3u8?viewer=private") else { return };
    match read_playlist(&url, body) {
        // One more than there may be segments: the initialisation segment.
        Ok(pieces) => assert!((1..=20_001).contains(&pieces)),
        Err(error) => assert!(!error.to_string().contains("viewer=private")),
    }
});
