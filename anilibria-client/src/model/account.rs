//! Accounts: profiles, one-time codes, social logins and scores.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Image, ReleaseId, UserId, wire};
use crate::secret::Secret;

open_enum! {
    /// A site whose accounts can be used to log in.
    pub enum SocialProvider {
        /// VK.
        Vk = "vk",
        /// Google.
        Google = "google",
        /// Patreon.
        Patreon = "patreon",
        /// Discord.
        Discord = "discord",
    }
}

/// The account of the logged-in user.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the service's own fields")]
#[non_exhaustive]
pub struct Profile {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: UserId,
    /// Login name.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub login: Option<String>,
    /// Displayed name.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub nickname: Option<String>,
    /// E-mail address.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub email: Option<String>,
    /// Avatar.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub avatar: Option<Image>,
    /// Torrent statistics and passkey.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub torrents: TorrentAccount,
    /// True if the account is banned.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_banned: bool,
    /// True if the account is shown advertisements.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_with_ads: bool,
    /// True if the account is shown advertisements in videos.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_with_video_ads: bool,
    /// True if the account is shown advertisements beside the content.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_with_content_ads: bool,
    /// Time of creation.
    #[serde(default, with = "wire::timestamp")]
    pub created_at: Option<OffsetDateTime>,
}

/// Torrent statistics and passkey of an account.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentAccount {
    /// The key in personal torrent links. It is a secret: downloads with it count for the account.
    #[serde(deserialize_with = "secret")]
    pub passkey: Option<Secret>,
    /// Uploaded bytes.
    #[serde(deserialize_with = "wire::or_default")]
    pub uploaded: Option<u64>,
    /// Downloaded bytes.
    #[serde(deserialize_with = "wire::or_default")]
    pub downloaded: Option<u64>,
}

/// A one-time code, with which a device without a keyboard logs in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Otp {
    /// Six digits. The user enters them in a session on another device. Accepting the code logs in the device that requested
    /// it.
    #[serde(deserialize_with = "code")]
    pub code: Secret,
    /// Id of the device that requested the code.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub device_id: String,
    /// The user who accepted the code; `None` before.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub user_id: Option<UserId>,
    /// Time of expiry.
    #[serde(default, with = "wire::timestamp")]
    pub expired_at: Option<OffsetDateTime>,
}

/// A one-time code and the time until it expires.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct OtpGrant {
    /// The code.
    #[serde(deserialize_with = "wire::identity")]
    pub otp: Otp,
    /// Time until the code expires.
    #[serde(default, with = "wire::seconds")]
    pub remaining_time: Option<Duration>,
}

/// The start of a login through another site.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SocialLogin {
    /// URL of the page that the user must open.
    #[serde(deserialize_with = "wire::identity")]
    pub url: String,
    /// Secret that identifies this login. It is exchanged for the token after the user has logged in.
    #[serde(deserialize_with = "code")]
    pub state: Secret,
}

/// The score that a user gave to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// The release.
    #[serde(deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// The score, from 1 to 10; `None` if the user gave none.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub score: Option<u8>,
}

/// Reads text or a number: the service writes codes as text, although its document declares a number.
fn code<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Code {
        Text(String),
        Number(u64),
    }
    Ok(match Code::deserialize(deserializer)? {
        Code::Text(text) => Secret::from(text),
        Code::Number(number) => Secret::from(format!("{number:06}")),
    })
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(wire::or_default::<_, Option<String>>(deserializer)?.map(Secret::from))
}
