//! Sets of members that disappear with the instance that added them.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::RedisResult;

use crate::{
    error::Result,
    redis::{
        handle::{Redis, unavailable},
        script::Lua,
    },
};

/// Replaces the members of one instance in a set. `KEYS`: the set. `ARGV`: instance, TTL of the set in seconds, members.
/// Returns the other instances that have members in the set.
static SET_MEMBERS: Lua = Lua::new(include_str!("presence/set_members.lua"));

/// Removes all members of some instances from a set. `KEYS`: the set. `ARGV`: instances.
static REMOVE_INSTANCES: Lua = Lua::new(include_str!("presence/remove_instances.lua"));

/// Presence of one instance: Redis sets of `{instance}:{member}`, whose members disappear when their instance dies.
///
/// An instance sends a [heartbeat](Self::heartbeat), and then [sets its members](Self::set_members), within each TTL and
/// after each change. Members of a dead instance are removed when another instance sets its members of the same set. If no
/// instance does, the whole set expires after the TTL.
///
/// ```no_run
/// use anilibria_cache::Redis;
/// use std::time::Duration;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let redis = Redis::builder("redis://127.0.0.1").prefix("site:").build()?;
/// let presence = redis.presence(Duration::from_mins(1));
///
/// presence.heartbeat().await?;
/// presence.set_members("room:7:users", [41, 42]).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisPresence {
    redis: Redis,
    instance_id: String,
    ttl: Duration,
    /// Other instances, and until when each is known to be alive.
    alive: Arc<Mutex<HashMap<String, Instant>>>,
}

impl RedisPresence {
    pub(crate) fn new(redis: Redis, ttl: Duration) -> Self {
        Self { redis, instance_id: format!("{:016x}", fastrand::u64(..)), ttl, alive: Arc::default() }
    }

    /// Returns the random id of this instance. Members of this instance begin with the id and a colon.
    pub fn instance_id(&self) -> &str {
        &self.instance_id
    }

    /// Marks this instance as alive. The mark expires after the TTL.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn heartbeat(&self) -> Result<()> {
        let mut command = redis::cmd("SET");
        command.arg(self.heartbeat_key(&self.instance_id)).arg(1).arg("EX").arg(self.ttl_seconds());
        self.redis.link().send(&command).await.map(drop).map_err(unavailable)
    }

    /// Replaces this instance's members of the set `key` by `members`, and removes members of dead instances. The prefix is
    /// not added to `key`. The set expires after the TTL unless some instance sets its members again.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn set_members(&self, key: &str, members: impl IntoIterator<Item = u64>) -> Result<()> {
        let mut set = SET_MEMBERS.call(key);
        set.arg(&self.instance_id).arg(self.ttl_seconds());
        for member in members {
            set.arg(member);
        }
        let reply = self.redis.link().send(&set).await;
        let others: RedisResult<Vec<String>> = reply.and_then(|reply| Ok(redis::from_redis_value(reply)?));
        // In a cluster, heartbeats are not in the slot of the set, so a script cannot read both. They are read after the
        // set: an instance sends a heartbeat before it sets members.
        let dead = self.dead(others.map_err(unavailable)?).await?;
        if dead.is_empty() {
            return Ok(());
        }
        let mut remove = REMOVE_INSTANCES.call(key);
        remove.arg(dead);
        self.redis.link().send(&remove).await.map(drop).map_err(unavailable)
    }

    /// Returns those of `instances` whose heartbeat has expired.
    async fn dead(&self, instances: Vec<String>) -> Result<Vec<String>> {
        self.alive().retain(|_, until| Instant::now() < *until);
        let mut dead = Vec::new();
        for instance in instances {
            if self.alive().contains_key(&instance) {
                continue;
            }
            let mut command = redis::cmd("PTTL");
            let reply = self.redis.link().send(command.arg(self.heartbeat_key(&instance))).await;
            let left: RedisResult<i64> = reply.and_then(|reply| Ok(redis::from_redis_value(reply)?));
            match u64::try_from(left.map_err(unavailable)?) {
                Ok(left) => drop(self.alive().insert(instance, Instant::now() + Duration::from_millis(left))),
                // A negative TTL means that the key does not exist.
                Err(_) => dead.push(instance),
            }
        }
        Ok(dead)
    }

    fn alive(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes the heartbeat of this instance, so that other instances remove its members. Remove the members of this
    /// instance first where no other instance uses the same sets.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn leave(&self) -> Result<()> {
        let mut command = redis::cmd("DEL");
        command.arg(self.heartbeat_key(&self.instance_id));
        self.redis.link().send(&command).await.map(drop).map_err(unavailable)
    }

    fn heartbeat_key(&self, instance: &str) -> String {
        self.redis.keys().own("instance", instance)
    }

    fn ttl_seconds(&self) -> u64 {
        self.ttl.as_secs().max(1)
    }
}

impl fmt::Debug for RedisPresence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisPresence").field(&self.redis).field(&self.instance_id).finish()
    }
}
