//! Features that are switched on for some users, and off for all at once when need be.
//!
//! What is set for a feature is in Redis, where the other services of the site look for it as well:
//!
//! | key | value |
//! | --- | --- |
//! | `feature:{name}:global` | `enabled` or `disabled` |
//! | `feature:{name}:user:{id}` | `enabled` or `disabled` |
//! | `feature:{name}:percentage` | 0 to 100 |
//!
//! A feature that is `disabled` is off. Else it is on or off for whoever it is set for, then for a share of
//! [users](bucket), then for all, if it is `enabled`.

mod bucket;
mod group;
mod setting;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use anilibria_cache::{Error, Redis, Result, coordination::RedisStrings};
use moka::future::Cache;
use tokio::time::{Instant, timeout};
use tracing::warn;

pub use self::{
    bucket::bucket,
    group::Groups,
    setting::{NotAPercentage, Percentage, Setting, Switch},
};

/// The feature whose requests move over from the Node service.
pub const ROLL_OUT: &str = "python_service_titles";

/// How long what was read counts.
const FRESH: Duration = Duration::from_secs(1);

/// How long reading may take for somebody who waits for an answer.
const PATIENCE: Duration = Duration::from_millis(250);

/// Most settings that are remembered, of features for users.
const REMEMBERED: u64 = 10_000;

/// Most keys that a list is made of.
const LISTED: usize = 10_000;

/// All that is set for one feature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feature {
    /// For all.
    pub global: Option<Switch>,
    /// For a share of users.
    pub percentage: Option<Percentage>,
    /// For single users, by their id.
    pub users: BTreeMap<String, Switch>,
}

/// What features are set to. Cheap to clone: clones remember together.
#[derive(Clone)]
pub struct Flags {
    texts: RedisStrings,
    known: Cache<(Arc<str>, Option<u64>), Known>,
}

#[derive(Clone, Copy)]
struct Known {
    setting: Setting,
    at: Instant,
}

impl Flags {
    /// What is set in `redis`.
    pub fn new(redis: &Redis) -> Self {
        Self { texts: redis.strings(), known: Cache::new(REMEMBERED) }
    }

    /// What is set for the feature `name` and `user`, as it was a second ago at the most. While Redis is away it is what was
    /// known last, or else nothing.
    pub async fn setting(&self, name: &str, user: Option<u64>) -> Setting {
        let key = (Arc::from(name), user);
        let known = self.known.get(&key).await;
        if let Some(Known { setting, .. }) = known.filter(|known| known.at.elapsed() < FRESH) {
            return setting;
        }
        let last = known.map(|known| known.setting).unwrap_or_default();
        // One asks; others, and everybody while nobody answers, go on with the last one.
        self.known.insert(key.clone(), Known { setting: last, at: Instant::now() }).await;
        let Ok(Ok(setting)) = timeout(PATIENCE, self.read(name, user)).await else { return last };
        self.known.insert(key, Known { setting, at: Instant::now() }).await;
        setting
    }

    /// What is set for the feature `name` and `user` at this moment.
    pub async fn read(&self, name: &str, user: Option<u64>) -> Result<Setting> {
        let mut keys = vec![global(name), percentage(name)];
        keys.extend(user.map(|user| of_user(name, user)));
        let mut found = self.texts.get(&keys).await?.into_iter();
        let mut next = || found.next().flatten();
        Ok(Setting {
            global: next().as_deref().and_then(Switch::global),
            percentage: next().and_then(|text| known_share(name, &text)),
            user: next().as_deref().map(Switch::user),
        })
    }

    /// Sets the feature `name` for all.
    pub async fn set_global(&self, name: &str, switch: Switch) -> Result<()> {
        self.written(self.texts.set(&global(name), switch.as_str()).await)
    }

    /// Sets the feature `name` for a share of users.
    pub async fn set_percentage(&self, name: &str, share: Percentage) -> Result<()> {
        self.written(self.texts.set(&percentage(name), &share.to_string()).await)
    }

    /// Sets the feature `name` for `user`.
    pub async fn set_user(&self, name: &str, user: u64, switch: Switch) -> Result<()> {
        self.written(self.texts.set(&of_user(name, user), switch.as_str()).await)
    }

    /// Forgets what is set for the feature `name` and `user`; without one, all that is set for it.
    pub async fn clear(&self, name: &str, user: Option<u64>) -> Result<()> {
        let keys = if let Some(user) = user {
            vec![of_user(name, user)]
        } else {
            let users = self.texts.keys(&format!("feature:{name}:user:*").into(), LISTED).await?;
            [global(name), percentage(name)].into_iter().chain(users).collect()
        };
        for key in keys {
            self.texts.remove(&key).await?;
        }
        self.written(Ok(()))
    }

    /// All features that anything is set for.
    pub async fn list(&self) -> Result<BTreeMap<String, Feature>> {
        let names = self.texts.keys(&"feature:*".into(), LISTED).await?;
        let texts = self.texts.get(&names).await?;
        let mut features = BTreeMap::<String, Feature>::new();
        for (key, text) in names.iter().zip(texts) {
            let (Some(key), Some(text)) = (key.strip_prefix("feature:"), text) else { continue };
            let mut feature = |name: &str| features.entry(name.to_owned()).or_default().clone();
            let (name, feature) = if let Some(name) = key.strip_suffix(":global") {
                (name, Feature { global: Switch::global(&text), ..feature(name) })
            } else if let Some(name) = key.strip_suffix(":percentage") {
                (name, Feature { percentage: known_share(name, &text), ..feature(name) })
            } else if let Some((name, user)) = key.rsplit_once(":user:") {
                let mut feature = feature(name);
                feature.users.insert(user.to_owned(), Switch::user(&text));
                (name, feature)
            } else {
                continue;
            };
            features.insert(name.to_owned(), feature);
        }
        Ok(features)
    }

    /// What is remembered may be out of date after something was written.
    fn written(&self, outcome: Result<(), Error>) -> Result<()> {
        self.known.invalidate_all();
        outcome
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flags").field(&self.texts).finish()
    }
}

/// Whether `name` can be that of a feature: letters, digits, `_`, `-` and `.`, 64 at the most.
pub fn is_name(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(is_fit)
}

fn global(name: &str) -> String {
    format!("feature:{name}:global")
}

fn percentage(name: &str) -> String {
    format!("feature:{name}:percentage")
}

fn of_user(name: &str, user: u64) -> String {
    format!("feature:{name}:user:{user}")
}

fn known_share(name: &str, text: &str) -> Option<Percentage> {
    let share = text.trim().parse();
    if share.is_err() {
        warn!(name, text, "The percentage of a feature is none, and counts as not set");
    }
    share.ok()
}
