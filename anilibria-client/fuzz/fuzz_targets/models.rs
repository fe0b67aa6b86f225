//! Decodes arbitrary bytes as answers: decoding returns a value or an error, and the methods of the value do not panic.
#![no_main]

use anilibria_client::{
    decode,
    model::{Episode, Franchise, Genre, Release, Schedule, ScheduledRelease, Torrent},
    page::Page,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(release) = decode::<Release>(body) {
        for episode in release.episodes.iter().flatten() {
            let _ = (episode.ordinal.to_string(), episode.streams().count());
        }
    }
    if let Ok(torrent) = decode::<Torrent>(body) {
        let _ = torrent.magnet_link();
    }
    let _ = decode::<Page<Release>>(body);
    let _ = decode::<Vec<Release>>(body);
    let _ = decode::<Episode>(body);
    let _ = decode::<Franchise>(body);
    let _ = decode::<Vec<Genre>>(body);
    let _ = decode::<Schedule>(body);
    let _ = decode::<Vec<ScheduledRelease>>(body);
});
