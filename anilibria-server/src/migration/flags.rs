//! Feature flags. A feature can be on for some users, and can be switched off for all users at once.
//!
//! The settings of a feature are stored in Redis, where the other services of the site also read them:
//!
//! | key | value |
//! | --- | --- |
//! | `feature:{name}:global` | `enabled` or `disabled` |
//! | `feature:{name}:user:{id}` | `enabled` or `disabled` |
//! | `feature:{name}:percentage` | 0 to 100 |
//!
//! A feature that is `disabled` globally is off for all users. Otherwise the first of these settings decides: the setting of the
//! user, the percentage of [users](bucket), the global setting. Without a setting, a feature is off.

mod bucket;
mod setting;
mod test_group;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use anilibria_cache::{Error, Redis, Result, coordination::RedisStrings};
use moka::future::Cache;
use tokio::time::{Instant, timeout};
use tracing::warn;

pub use self::{
    bucket::bucket,
    setting::{InvalidPercentage, Percentage, Setting, Switch},
    test_group::TestGroups,
};

/// Name of the feature that moves requests from the Node service to this service.
pub const ROLLOUT_FEATURE: &str = "python_service_titles";

/// Time for which a setting is cached.
const CACHE_TTL: Duration = Duration::from_secs(1);

/// Timeout of reading a setting from Redis while a request waits for it.
const READ_TIMEOUT: Duration = Duration::from_millis(250);

/// Maximum number of cached settings. There is one per feature and user.
const MAX_CACHED: u64 = 10_000;

/// Maximum number of keys that are listed in Redis.
const MAX_KEYS: usize = 10_000;

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
    strings: RedisStrings,
    cache: Cache<(Arc<str>, Option<u64>), CachedSetting>,
}

#[derive(Clone, Copy)]
struct CachedSetting {
    setting: Setting,
    /// Time at which reading the setting began or ended.
    read_at: Instant,
}

impl Flags {
    /// Creates feature flags stored in `redis`.
    pub fn new(redis: &Redis) -> Self {
        Self { strings: redis.strings(), cache: Cache::new(MAX_CACHED) }
    }

    /// Returns the setting of the feature `name` for `user`, at most one second old. If Redis is unavailable, returns the last
    /// cached setting, or an empty setting if there is none.
    pub async fn setting(&self, name: &str, user: Option<u64>) -> Setting {
        let key = (Arc::from(name), user);
        let cached = self.cache.get(&key).await;
        if let Some(CachedSetting { setting, .. }) =
            cached.filter(|cached| cached.read_at.elapsed() < CACHE_TTL)
        {
            return setting;
        }
        let last = cached.map(|cached| cached.setting).unwrap_or_default();
        // One caller reads from Redis. Concurrent callers, and all callers while Redis is unavailable, use the last setting.
        self.cache.insert(key.clone(), CachedSetting { setting: last, read_at: Instant::now() }).await;
        let Ok(Ok(setting)) = timeout(READ_TIMEOUT, self.read(name, user)).await else { return last };
        self.cache.insert(key, CachedSetting { setting, read_at: Instant::now() }).await;
        setting
    }

    /// Reads the setting of the feature `name` for `user` from Redis, without the cache.
    pub async fn read(&self, name: &str, user: Option<u64>) -> Result<Setting> {
        let mut keys = vec![global_key(name), percentage_key(name)];
        keys.extend(user.map(|user| user_key(name, user)));
        let mut found = self.strings.get(&keys).await?.into_iter();
        let mut next = || found.next().flatten();
        Ok(Setting {
            global: next().as_deref().and_then(Switch::global),
            percentage: next().and_then(|text| parse_percentage(name, &text)),
            user: next().as_deref().map(Switch::user),
        })
    }

    /// Sets the feature `name` for all users.
    pub async fn set_global(&self, name: &str, switch: Switch) -> Result<()> {
        self.finish_write(self.strings.set(&global_key(name), switch.as_str()).await)
    }

    /// Sets the feature `name` for a percentage of users.
    pub async fn set_percentage(&self, name: &str, share: Percentage) -> Result<()> {
        self.finish_write(self.strings.set(&percentage_key(name), &share.to_string()).await)
    }

    /// Sets the feature `name` for `user`.
    pub async fn set_user(&self, name: &str, user: u64, switch: Switch) -> Result<()> {
        self.finish_write(self.strings.set(&user_key(name, user), switch.as_str()).await)
    }

    /// Removes the setting of the feature `name` for `user`; without a user, all settings of the feature.
    pub async fn clear(&self, name: &str, user: Option<u64>) -> Result<()> {
        let keys = if let Some(user) = user {
            vec![user_key(name, user)]
        } else {
            let users = self.strings.keys(&format!("feature:{name}:user:*").into(), MAX_KEYS).await?;
            [global_key(name), percentage_key(name)].into_iter().chain(users).collect()
        };
        for key in keys {
            self.strings.remove(&key).await?;
        }
        self.finish_write(Ok(()))
    }

    /// Returns all features that have a setting.
    pub async fn list(&self) -> Result<BTreeMap<String, Feature>> {
        let names = self.strings.keys(&"feature:*".into(), MAX_KEYS).await?;
        let strings = self.strings.get(&names).await?;
        let mut features = BTreeMap::<String, Feature>::new();
        for (key, text) in names.iter().zip(strings) {
            let (Some(key), Some(text)) = (key.strip_prefix("feature:"), text) else { continue };
            let mut feature = |name: &str| features.entry(name.to_owned()).or_default().clone();
            let (name, feature) = if let Some(name) = key.strip_suffix(":global") {
                (name, Feature { global: Switch::global(&text), ..feature(name) })
            } else if let Some(name) = key.strip_suffix(":percentage") {
                (name, Feature { percentage: parse_percentage(name, &text), ..feature(name) })
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

    /// Clears the cache after a write, also after a failed one, because Redis may have stored the value. Returns `outcome`.
    fn finish_write(&self, outcome: Result<(), Error>) -> Result<()> {
        self.cache.invalidate_all();
        outcome
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flags").field(&self.strings).finish()
    }
}

/// Returns true if `name` is a valid name of a feature: letters, digits, `_`, `-` and `.`, at most 64 characters.
pub fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn global_key(name: &str) -> String {
    format!("feature:{name}:global")
}

fn percentage_key(name: &str) -> String {
    format!("feature:{name}:percentage")
}

fn user_key(name: &str, user: u64) -> String {
    format!("feature:{name}:user:{user}")
}

/// Parses the percentage of the feature `name`; `None` if it is invalid.
fn parse_percentage(name: &str, text: &str) -> Option<Percentage> {
    let share = text.trim().parse();
    if share.is_err() {
        warn!(name, text, "invalid percentage of a feature ignored");
    }
    share.ok()
}
