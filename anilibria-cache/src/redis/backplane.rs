//! A backplane over the channels of Redis.

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
/// Redis forgets a message as soon as it is sent, so each has a number, and the last number is kept. Who finds a gap, be
/// it between two messages, after a pause of the connection or in one of the regular
/// [checks](crate::RedisBuilder::check_every), is told to [resync](Signal::Resync). So is who lets more than 1,024
/// messages wait.
///
/// A subscription has a connection of its own, made when its stream is first polled and kept alive while it is.
#[derive(Clone)]
pub struct RedisBackplane {
    redis: Redis,
    /// What this member signs with.
    member: Arc<str>,
}

impl Redis {
    /// Returns a new member of the backplane. Each cache needs a member of its own.
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
