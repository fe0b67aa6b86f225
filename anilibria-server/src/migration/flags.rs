//! Feature flags: on for some users, and off for all at once in an emergency.
//!
//! The settings of a feature are stored in Redis, where the other services of the site read them as well:
//!
//! | key | value |
//! | --- | --- |
//! | `feature:{name}:global` | `enabled` or `disabled` |
//! | `feature:{name}:user:{id}` | `enabled` or `disabled` |
//! | `feature:{name}:percentage` | 0 to 100 |
//!
//! A feature that is `disabled` is off for all. Otherwise the first setting in this order decides: the one for the user,
//! then the percentage of [users](bucket), then the global one, if it is `enabled`.

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

/// Name of the feature that moves requests from the Node service to this one.
pub const ROLL_OUT: &str = "python_service_titles";

/// Time for which a setting is cached.
const FRESH: Duration = Duration::from_secs(1);

/// Timeout of reading a setting while a request waits for it.
const PATIENCE: Duration = Duration::from_millis(250);

/// Maximum number of cached settings, per feature and user.
const REMEMBERED: u64 = 10_000;

/// Maximum number of keys in a listing.
const LISTED: usize = 10_000;

/// All settings of one feature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feature {
    /// Switch for all users.
    pub global: Option<Switch>,
    /// Percentage of users.
    pub percentage: Option<Percentage>,
    /// Switches for single users, by id.
    pub users: BTreeMap<String, Switch>,
}

/// Feature flags. Cheap to clone: clones share the cache.
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
    /// Creates feature flags stored in `redis`.
    pub fn new(redis: &Redis) -> Self {
        Self { texts: redis.strings(), known: Cache::new(REMEMBERED) }
    }

    /// Returns the setting of the feature `name` for `user`, at most one second old. If Redis is unavailable, returns the
    /// last known setting, or else an empty one.
    pub async fn setting(&self, name: &str, user: Option<u64>) -> Setting {
        let key = (Arc::from(name), user);
        let known = self.known.get(&key).await;
        if let Some(Known { setting, .. }) = known.filter(|known| known.at.elapsed() < FRESH) {
            return setting;
        }
        let last = known.map(|known| known.setting).unwrap_or_default();
        // One caller reads from Redis. Concurrent callers, and all callers while Redis is unavailable, use the last setting.
        self.known.insert(key.clone(), Known { setting: last, at: Instant::now() }).await;
        let Ok(Ok(setting)) = timeout(PATIENCE, self.read(name, user)).await else { return last };
        self.known.insert(key, Known { setting, at: Instant::now() }).await;
        setting
    }

    /// Reads the current setting of the feature `name` for `user`.
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

    /// Sets the feature `name` for all users.
    pub async fn set_global(&self, name: &str, switch: Switch) -> Result<()> {
        self.written(self.texts.set(&global(name), switch.as_str()).await)
    }

    /// Sets the feature `name` for a percentage of users.
    pub async fn set_percentage(&self, name: &str, share: Percentage) -> Result<()> {
        self.written(self.texts.set(&percentage(name), &share.to_string()).await)
    }

    /// Sets the feature `name` for `user`.
    pub async fn set_user(&self, name: &str, user: u64, switch: Switch) -> Result<()> {
        self.written(self.texts.set(&of_user(name, user), switch.as_str()).await)
    }

    /// Removes the setting of the feature `name` for `user`; without a user, all settings of the feature.
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

    /// Returns all features that have a setting.
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

    /// Clears the cache after a write, because cached settings may be outdated.
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

/// Returns true if `name` is a valid name of a feature: letters, digits, `_`, `-` and `.`, at most 64 characters.
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
        warn!(name, text, "invalid percentage of a feature treated as unset");
    }
    share.ok()
}
