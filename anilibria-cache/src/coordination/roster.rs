//! Who is where, told by instances that may die.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::RedisResult;

use crate::{
    Redis, Result,
    redis::{script::Lua, unavailable},
};

/// Says who of an instance is in a set, and answers which other instances have somebody there. `KEYS`: the set. `ARGV`:
/// the instance, seconds that the set is kept, and the members.
static ATTEND: Lua = Lua::new(include_str!("roster/attend.lua"));

/// Takes whoever is of some instances out of a set. `KEYS`: the set. `ARGV`: the instances.
static BURY: Lua = Lua::new(include_str!("roster/bury.lua"));

/// Sets of members in Redis, `{instance}:{member}`, each of which is there as long as its instance lives.
///
/// An instance says [that it lives](Self::live) now and then, and each time, or whenever something changes,
/// [who is there](Self::set). Members of an instance that died go when another says who is in the same set, or else with
/// the set, after the term.
#[derive(Clone)]
pub struct RedisRoster {
    redis: Redis,
    instance: String,
    term: Duration,
    /// Other instances, and until when they are sure to live.
    alive: Arc<Mutex<HashMap<String, Instant>>>,
}

impl RedisRoster {
    pub(super) fn new(redis: Redis, term: Duration) -> Self {
        Self { redis, instance: format!("{:016x}", fastrand::u64(..)), term, alive: Arc::default() }
    }

    /// What members of this instance begin with, before a colon.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Says that this instance lives. It is taken for dead a term after it last did.
    pub async fn live(&self) -> Result<()> {
        let mut command = redis::cmd("SET");
        command.arg(self.sign(&self.instance)).arg(1).arg("EX").arg(self.seconds());
        self.redis.link().send(&command).await.map(drop).map_err(unavailable)
    }

    /// Says that of this instance `members`, and nobody else, are in the set `key`, to which the prefix is not added. It has
    /// to be said again within a term.
    pub async fn set(&self, key: &str, members: impl IntoIterator<Item = u64>) -> Result<()> {
        let mut attend = ATTEND.call(key);
        attend.arg(&self.instance).arg(self.seconds());
        for member in members {
            attend.arg(member);
        }
        let answer = self.redis.link().send(&attend).await;
        let others: RedisResult<Vec<String>> = answer.and_then(|answer| Ok(redis::from_redis_value(answer)?));
        // In a cluster, the sign of life of an instance is not where the set is. So it is looked for after the set was: an
        // instance says that it lives before it says who is there.
        let dead = self.dead(others.map_err(unavailable)?).await?;
        if dead.is_empty() {
            return Ok(());
        }
        let mut bury = BURY.call(key);
        bury.arg(dead);
        self.redis.link().send(&bury).await.map(drop).map_err(unavailable)
    }

    /// Those of `instances` that live no longer.
    async fn dead(&self, instances: Vec<String>) -> Result<Vec<String>> {
        self.known().retain(|_, until| Instant::now() < *until);
        let mut dead = Vec::new();
        for instance in instances {
            if self.known().contains_key(&instance) {
                continue;
            }
            let mut command = redis::cmd("PTTL");
            let answer = self.redis.link().send(command.arg(self.sign(&instance))).await;
            let left: RedisResult<i64> = answer.and_then(|answer| Ok(redis::from_redis_value(answer)?));
            match u64::try_from(left.map_err(unavailable)?) {
                Ok(left) => drop(self.known().insert(instance, Instant::now() + Duration::from_millis(left))),
                // There is no such key.
                Err(_) => dead.push(instance),
            }
        }
        Ok(dead)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that this instance lives no longer. Who was in its sets is to be taken out before.
    pub async fn leave(&self) -> Result<()> {
        let mut command = redis::cmd("DEL");
        command.arg(self.sign(&self.instance));
        self.redis.link().send(&command).await.map(drop).map_err(unavailable)
    }

    fn sign(&self, instance: &str) -> String {
        format!("{}instance:{instance}", self.redis.keys().prefix())
    }

    fn seconds(&self) -> u64 {
        self.term.as_secs().max(1)
    }
}

impl fmt::Debug for RedisRoster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisRoster").field(&self.redis).field(&self.instance).finish()
    }
}
