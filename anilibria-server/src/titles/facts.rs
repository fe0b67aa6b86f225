//! What there is to a title beside what events of their own tell of.

use poem_openapi::types::ToJSON as _;
use serde_json::Value;

use crate::titles::{model::title::Title, notice};

/// Fields that do not count: there are other events for what is out and how far the title has come, and ratings change all
/// the time.
const LEFT_OUT: [&str; 5] = ["status", "episodes", "player", "rating", "updated_at"];

/// What tells `title`, as it is rendered, from what it was before.
pub(super) fn of_rendered(mut title: Value) -> String {
    if let Some(fields) = title.as_object_mut() {
        fields.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    }
    // In one order, whoever has made it.
    title.sort_all_objects();
    notice::digest(&title)
}

/// The same for a title that is not rendered.
pub(crate) fn of(title: &Title) -> String {
    of_rendered(title.to_json().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::Example as _;

    use super::*;
    use crate::titles::model::title::{Player, TitleStatus};

    #[test]
    fn only_what_has_no_event_of_its_own_counts() {
        let title = Title::example();
        let other = Title {
            status: TitleStatus::Ongoing,
            rating: Some(9.9),
            player: Player::default(),
            updated_at: time::OffsetDateTime::now_utc().into(),
            ..title.clone()
        };
        let renamed = Title { alias: "other".into(), ..title.clone() };

        assert_eq!(of(&title), of(&other));
        assert_ne!(of(&title), of(&renamed));
    }
}
