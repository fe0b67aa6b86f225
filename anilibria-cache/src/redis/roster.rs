//! Who is where, told by instances that may die.

use std::{fmt, time::Duration};

use super::{Redis, script::ATTEND, unavailable};
use crate::Result;

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
}

impl RedisRoster {
    pub(super) fn new(redis: Redis, term: Duration) -> Self {
        Self { redis, instance: format!("{:016x}", fastrand::u64(..)), term }
    }

    /// What members of this instance begin with, before a colon.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Says that this instance lives. It is taken for dead a term after it last did.
    pub async fn live(&self) -> Result<()> {
        let mut command = redis::cmd("SET");
        command.arg(self.alive(&self.instance)).arg(1).arg("EX").arg(self.seconds());
        self.redis.0.link.send(&command).await.map(drop).map_err(unavailable)
    }

    /// Says that of this instance `members`, and nobody else, are in the set `key`, to which the prefix is not added. It has
    /// to be said again within a term.
    pub async fn set(&self, key: &str, members: impl IntoIterator<Item = u64>) -> Result<()> {
        let mut attend = ATTEND.call(key);
        attend.arg(&self.instance).arg(self.seconds()).arg(self.alive(""));
        for member in members {
            attend.arg(member);
        }
        self.redis.0.link.send(&attend).await.map(drop).map_err(unavailable)
    }

    /// Says that this instance lives no longer. Who was in its sets is to be taken out before.
    pub async fn leave(&self) -> Result<()> {
        let mut command = redis::cmd("DEL");
        command.arg(self.alive(&self.instance));
        self.redis.0.link.send(&command).await.map(drop).map_err(unavailable)
    }

    fn alive(&self, instance: &str) -> String {
        self.redis.0.keys.named(&format!("instance:{instance}"))
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
