//! A backplane over Redis channels.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};

use super::{
    handle::{NAME, Redis, unavailable},
    script::PUBLISH,
    subscription::Subscription,
};
use crate::{
    backplane::{Backplane, Signal},
    error::Result,
    invalidation::Invalidation,
};

/// A [`Backplane`] over a channel of Redis.
///
/// Redis does not store messages, so each message has a number, and Redis stores the last number. A subscription that finds
/// a gap yields a [resync](Signal::Resync). It looks for gaps between messages, after each reconnection, and at
/// [intervals](crate::RedisBuilder::check_every). A subscription with more than 1,024 unread messages yields a resync as well.
///
/// A subscription opens a separate connection when its stream is first polled.
#[derive(Clone)]
pub struct RedisBackplane {
    redis: Redis,
    /// Random identity of this member.
    member: Arc<str>,
}

impl Redis {
    /// Returns a new member of the backplane. Each cache needs a separate member.
    pub fn backplane(&self) -> RedisBackplane {
        RedisBackplane::new(self.clone())
    }
}

impl RedisBackplane {
    pub(super) fn new(redis: Redis) -> Self {
        let member = format!("{:016x}", fastrand::u64(..)).into();
        Self { redis, member }
    }
}

#[async_trait]
impl Backplane for RedisBackplane {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn publish(&self, invalidation: &Invalidation) -> Result<()> {
        let keys = self.redis.keys();
        let mut publish = PUBLISH.call(&keys.generation());
        publish.arg(keys.channel()).arg(&*self.member).arg(invalidation.encode());
        self.redis.link().send(&publish).await.map(drop).map_err(unavailable)
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        let subscription = Subscription::new(self.redis.clone(), Arc::clone(&self.member));
        stream::unfold(subscription, async |mut subscription| {
            let signal = subscription.next().await;
            Some((signal, subscription))
        })
        .boxed()
    }
}

impl fmt::Debug for RedisBackplane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisBackplane").field(&self.redis).field(&self.redis.keys().channel()).finish()
    }
}
