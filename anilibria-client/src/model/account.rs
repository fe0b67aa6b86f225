//! Accounts: the profile, and ways to log in.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Image, ReleaseId, UserId, wire};
use crate::secret::Secret;

open_enum! {
    /// A site through which one can log in.
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

/// The account of whoever is logged in.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the service's own fields")]
#[non_exhaustive]
pub struct Profile {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: UserId,
    /// Name to log in with.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub login: Option<String>,
    /// Name that others see.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub nickname: Option<String>,
    /// E-mail address.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub email: Option<String>,
    /// Picture.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub avatar: Option<Image>,
    /// Share of torrent traffic.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub torrents: TorrentAccount,
    /// Whether the account is banned.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_banned: bool,
    /// Whether it is shown advertisements.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_with_ads: bool,
    /// Whether it is shown advertisements in videos.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_with_video_ads: bool,
    /// Whether it is shown advertisements beside the content.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_with_content_ads: bool,
    /// When it was made.
    #[serde(default, with = "wire::moment")]
    pub created_at: Option<OffsetDateTime>,
}

/// The torrent side of an account.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentAccount {
    /// The key that makes torrent links personal; whoever has it fetches in the account's name.
    #[serde(deserialize_with = "secret")]
    pub passkey: Option<Secret>,
    /// Bytes given.
    #[serde(deserialize_with = "wire::or_default")]
    pub uploaded: Option<u64>,
    /// Bytes taken.
    #[serde(deserialize_with = "wire::or_default")]
    pub downloaded: Option<u64>,
}

/// A one-time code, by which a device without a keyboard logs in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Otp {
    /// Six digits that a person enters where they are logged in already. Whoever accepts them lets the device in.
    #[serde(deserialize_with = "code")]
    pub code: Secret,
    /// The device that asked.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub device_id: String,
    /// Who accepted it, once somebody has.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub user_id: Option<UserId>,
    /// When it ends.
    #[serde(default, with = "wire::moment")]
    pub expired_at: Option<OffsetDateTime>,
}

/// A one-time code with the time it has left.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct OtpGrant {
    /// The code.
    #[serde(deserialize_with = "wire::identity")]
    pub otp: Otp,
    /// How long it counts from now on.
    #[serde(default, with = "wire::seconds")]
    pub remaining_time: Option<Duration>,
}

/// Where a person logs in on another site.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SocialLogin {
    /// The page to open.
    #[serde(deserialize_with = "wire::identity")]
    pub url: String,
    /// What identifies this login; whoever has it gets the token once the person has finished.
    #[serde(deserialize_with = "code")]
    pub state: Secret,
}

/// How many points somebody gave a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// The release.
    #[serde(deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// From 1 to 10; `None` when there is none.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub score: Option<u8>,
}

/// Text, or a number in its place: the service writes codes as text, its document says number.
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
