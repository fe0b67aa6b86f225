//! Digest of the fields of a title whose changes are published as `title_updated`.

use poem_openapi::types::ToJSON as _;
use serde_json::Value;

use crate::titles::{change, model::title::Title};

/// Fields that are not part of the digest. Other events cover episodes and status; ratings change too often.
const IGNORED_FIELDS: [&str; 5] = ["status", "episodes", "player", "rating", "updated_at"];

/// Returns the digest of `title`, which is the `data` of a rendered title.
pub(super) fn of_json(mut title: Value) -> String {
    if let Some(fields) = title.as_object_mut() {
        fields.retain(|name, _| !IGNORED_FIELDS.contains(&name.as_str()));
    }
    // The digest must not depend on the order of fields.
    title.sort_all_objects();
    change::digest(&title)
}

/// Returns the digest of `title`.
pub(crate) fn of_title(title: &Title) -> String {
    of_json(title.to_json().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::Example as _;

    use super::*;
    use crate::titles::model::title::{Player, TitleStatus};

    #[test]
    fn digest_ignores_fields_that_other_events_cover() {
        let title = Title::example();
        let other = Title {
            status: TitleStatus::Ongoing,
            rating: Some(9.9),
            player: Player::default(),
            updated_at: time::OffsetDateTime::now_utc().into(),
            ..title.clone()
        };
        let renamed = Title { alias: "other".into(), ..title.clone() };

        assert_eq!(of_title(&title), of_title(&other));
        assert_ne!(of_title(&title), of_title(&renamed));
    }
}
