//! What every bus is held to.

use super::{Bus, Published};
use crate::titles::{
    model::title::TitleStatus::{Completed, Ongoing},
    notice::Notice,
};

/// A title that ends (1), goes on (2) and ends again (3), as two find it who look when they like.
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
        // Whoever has found it before the title went on comes only now.
        (ends(1), false),
        (ends(3), true),
        (goes_on(2), false),
        // Something else about the title had changed, too, when it was looked at.
        (ends(4), false),
        // Where the version does not tell, the last word counts.
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
