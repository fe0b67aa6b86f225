//! Tests that every bus must pass.

use super::{Bus, PublishOutcome};
use crate::titles::{
    change::TitleChange,
    model::title::TitleStatus::{Completed, Ongoing},
};

/// Checks that each change of a title is published once. The title completes (version 1), continues (2) and completes again
/// (3). Two pollers with different delays observe it.
pub(super) async fn each_change_is_published_once(bus: &dyn Bus) {
    let completes =
        |version| TitleChange::StatusChange { title_id: 7, old: Ongoing, new: Completed, version };
    let continues =
        |version| TitleChange::StatusChange { title_id: 7, old: Completed, new: Ongoing, version };
    let renamed = |content: &str, version| {
        let content = content.to_owned();
        TitleChange::TitleUpdated { title_id: 7, content, version }
    };

    for (change, is_new) in [
        (completes(1), true),
        (completes(1), false),
        (continues(2), true),
        // A late observation from before the title continued.
        (completes(1), false),
        (completes(3), true),
        (continues(2), false),
        // The version also increased because of another change of the title.
        (completes(4), false),
        // With equal or unknown versions, the last published status counts.
        (continues(4), true),
        (completes(4), true),
        (continues(0), true),
        (renamed("one", 1), true),
        (renamed("two", 2), true),
        (renamed("one", 1), false),
        (renamed("one", 3), true),
    ] {
        let outcome = bus.publish_unfenced(&change).await.unwrap();
        assert_eq!(matches!(outcome, PublishOutcome::Published(_)), is_new, "{change:?}: {outcome:?}");
    }
}
