//! Rendering of the account and its views.

use serde_json::{Value, json};

use super::image::image;
use super::summary;
use super::{View, moment, with};
use crate::account::{EMAIL, LOGIN, Stored, USER_ID};
use crate::random;

/// Creation time of the account: 2019-03-31T20:43:52Z.
const CREATED_AT: i64 = 1_554_065_032;

/// Renders the profile. `passkey` is for personal links to torrents.
pub(crate) fn profile(passkey: &str) -> Value {
    let rng = &mut random::stream(0, "avatar", u64::from(USER_ID));
    let names = std::array::from_fn(|_| random::file_name(rng));
    json!({
        "id": USER_ID,
        "login": LOGIN,
        "email": EMAIL,
        "nickname": "Demo",
        "avatar": image(&format!("users/avatars/{USER_ID}"), &names),
        "torrents": {
            "passkey": passkey,
            "uploaded": 998_234_623_u64,
            "downloaded": 2_397_162_874_432_u64,
        },
        "is_banned": false,
        "created_at": moment(CREATED_AT),
        "is_with_ads": false,
    })
}

/// Renders a time code.
pub(crate) fn view(stored: &Stored) -> Value {
    json!({
        "id": stored.id,
        "user_id": USER_ID,
        "release_episode_id": stored.mark.episode,
        "time": stored.mark.time,
        "is_watched": stored.mark.is_watched,
        "updated_at": moment(stored.updated_at.unix_timestamp()),
    })
}

impl View<'_> {
    /// Renders a view with its episode and the release of the episode. The episode is null if it does not exist.
    pub(crate) fn view_with_episode(&self, stored: &Stored) -> Value {
        let found = self.catalog.find_episode(&stored.mark.episode.to_string());
        let episode = found.map(|(release, place)| {
            with(self.episode(release, place), [("release", summary::release(release))])
        });
        with(view(stored), [("release_episode", episode.into())])
    }
}
