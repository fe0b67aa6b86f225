//! Tests that every bus must pass.

use super::{Bus, Published};
use crate::titles::{
    model::title::TitleStatus::{Completed, Ongoing},
    notice::Notice,
};

/// Checks a title that completes (version 1), continues (2) and completes again (3), observed by two pollers with different
/// delays.
pub(super) async fn each_change_is_told_once_whoever_finds_it_and_however_late(bus: &dyn Bus) {
    let ends = |version| Notice::StatusChange { title_id: 7, old: Ongoing, new: Completed, version };
    let goes_on = |version| Notice::StatusChange { title_id: 7, old: Completed, new: Ongoing, version };
    let renamed = |content: &str, version| {
        let content = content.to_owned();
        Notice::TitleUpdated { title_id: 7, content, version }
    };

    for (notice, is_new) in [
        (ends(1), true),
        (ends(1), false),
        (goes_on(2), true),
        // A late observation from before the title continued.
        (ends(1), false),
        (ends(3), true),
        (goes_on(2), false),
        // Another change of the title had increased its version as well.
        (ends(4), false),
        // With equal or unknown versions, the last published status counts.
        (goes_on(4), true),
        (ends(4), true),
        (goes_on(0), true),
        (renamed("one", 1), true),
        (renamed("two", 2), true),
        (renamed("one", 1), false),
        (renamed("one", 3), true),
    ] {
        let published = bus.publish_aside(&notice).await.unwrap();
        assert_eq!(matches!(published, Published::New(_)), is_new, "{notice:?}: {published:?}");
    }
}
