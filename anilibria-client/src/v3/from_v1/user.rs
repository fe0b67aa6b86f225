//! Conversion of AniLiberty's accounts to those of v3.

use super::release::path;
use crate::{model::Profile, v3::model::User};

impl From<&Profile> for User {
    fn from(profile: &Profile) -> Self {
        let picture = profile.avatar.as_ref();
        let original = picture.and_then(|image| image.preview.as_ref().or(image.src.as_ref()));
        let original = original.map(|url| path(url));
        let thumbnail = picture.and_then(|image| image.thumbnail.as_ref()).map(|url| path(url));
        let name = original.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        Self {
            login: profile.login.clone(),
            nickname: profile.nickname.clone(),
            email: profile.email.clone(),
            avatar: name,
            avatar_thumbnail: thumbnail.or_else(|| original.clone()),
            avatar_original: original,
            // API v1 has no accounts of other sites.
            vk_id: None,
            patreon_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn account_has_paths_of_its_picture() {
        let profile: Profile = serde_json::from_value(json!({
            "id": 7, "login": "demo", "nickname": null, "email": "demo@site.example",
            "avatar": {"preview": "https://site.example/storage/users/7/a.jpg", "thumbnail": null},
        }))
        .unwrap();

        assert_eq!(
            serde_json::to_value(User::from(&profile)).unwrap(),
            json!({
                "login": "demo", "nickname": null, "email": "demo@site.example", "avatar": "a.jpg",
                "avatar_original": "/storage/users/7/a.jpg", "avatar_thumbnail": "/storage/users/7/a.jpg",
                "vk_id": null, "patreon_id": null,
            })
        );
    }
}
