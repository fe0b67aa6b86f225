//! The fields of a title whose changes have no event of their own.

use poem_openapi::types::ToJSON as _;
use serde_json::Value;

use crate::titles::{change, model::title::Title};

/// Fields that are ignored: other events cover episodes and status, and ratings change all the time.
const LEFT_OUT: [&str; 5] = ["status", "episodes", "player", "rating", "updated_at"];

/// Returns a digest of `title` that changes with its relevant fields.
pub(super) fn of_rendered(mut title: Value) -> String {
    if let Some(fields) = title.as_object_mut() {
        fields.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    }
    // The digest must not depend on the order of fields.
    title.sort_all_objects();
    change::digest(&title)
}

/// Returns the same digest for a title that is not rendered.
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
