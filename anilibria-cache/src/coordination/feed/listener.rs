//! Listening to a feed.
//!
//! What is published only wakes the listener: it always reads the stream from where it is. So nothing is told twice or out
//! of order, and after a pause of the connection it just reads on.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use redis::{ErrorKind, PushInfo, RedisError, RedisResult, aio::MultiplexedConnection};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{PostId, Posted, RedisFeed, posts, range};
use crate::redis::link::{jittered, next_pause};

/// So many posts are read at a time.
const BATCH: usize = 256;

pub(super) struct Listener {
    feed: RedisFeed,
    channels: Vec<String>,
    /// The last post that was read.
    last: PostId,
    read: VecDeque<Posted>,
    open: Option<MultiplexedConnection>,
    /// Rings when something is published, or the connection is closed.
    bell: Arc<Notify>,
    pause: Option<Duration>,
}

impl Listener {
    pub(super) fn new(feed: RedisFeed, channels: Vec<String>, last: PostId) -> Self {
        let (read, bell) = (VecDeque::new(), Arc::default());
        Self { feed, channels, last, read, open: None, bell, pause: None }
    }

    /// The next post, however long it takes.
    pub(super) async fn next(&mut self) -> Posted {
        loop {
            if let Some(post) = self.read.pop_front() {
                return post;
            }
            if let Err(error) = self.read_on().await {
                self.lose(&error);
                let pause = next_pause(self.pause);
                self.pause = Some(pause);
                sleep(jittered(pause)).await;
            }
        }
    }

    /// Reads what there is, or waits until there may be something.
    async fn read_on(&mut self) -> RedisResult<()> {
        if self.open.is_some() {
            // A server that does not answer is gone, whatever its connection looks like: it is asked now and then.
            let _ = timeout(self.feed.redis.check_every(), self.bell.notified()).await;
        } else {
            self.open = Some(self.connect().await?);
            self.pause = None;
        }
        let Some(connection) = &mut self.open else { return Ok(()) };
        let range = range(&self.feed.name, self.last, BATCH);
        let batch = posts(range.query_async(connection).await?)?;
        if batch.len() == BATCH {
            // There may be more, which is read without waiting.
            self.bell.notify_one();
        }
        if let Some(last) = batch.last() {
            self.last = last.id;
        }
        for post in &batch {
            self.feed.recent.add(post.clone(), self.feed.keep);
        }
        self.read.extend(batch);
        Ok(())
    }

    /// Subscribes first, so that nothing can be published between the first look and that.
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let target = self.feed.redis.link().target();
        let bell = Arc::clone(&self.bell);
        let push = Arc::new(move |_: PushInfo| {
            bell.notify_one();
            Ok::<(), io::Error>(())
        });
        let connect = async {
            let mut connection = target.connect_to_owner(&self.feed.name, push).await?;
            for channel in &self.channels {
                connection.subscribe(channel).await?;
            }
            // There it is told when the stream was given back something.
            connection.subscribe(&*self.feed.name).await?;
            if self.feed.recent.last().is_some() {
                let restored: u64 = self.feed.restore().query_async(&mut connection).await?;
                if restored > 0 {
                    tracing::warn!(feed = ?self.feed, restored, "the feed was lost, and is given back what is remembered");
                }
            }
            Ok(connection)
        };
        let patience = target.patience().saturating_mul(2);
        let connected = timeout(patience, connect).await;
        connected.unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into()))
    }

    fn lose(&mut self, error: &RedisError) {
        if self.open.take().is_some() || self.pause.is_none() {
            tracing::warn!(feed = ?self.feed, %error, "cannot listen to the feed, trying on");
        }
    }
}
