//! Metrics of titles.

use anilibria_http::metrics::Registration;
use metrics::{counter, describe_counter};

const TITLES_SYNCED: &str = "anime_site_titles_synced_total";

/// Metrics of titles.
pub const METRICS: Registration = Registration { buckets: &[], describe };

fn describe() {
    describe_counter!(TITLES_SYNCED, "Titles read from AniLibria by the catalog sync and by title syncs.");
    count_synced(0);
}

/// Counts titles read from AniLibria.
pub(super) fn count_synced(count: usize) {
    counter!(TITLES_SYNCED, "source" => "anilibria_api").increment(count as u64);
}
