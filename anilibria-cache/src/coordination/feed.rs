//! A feed in Redis: posts in one order, told to all who listen, and remembered for those who could not just then.

mod id;
mod listener;
mod posted;
mod recent;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use redis::{Cmd, ErrorKind, RedisResult, Value};

pub use self::{
    id::{NoPostId, PostId},
    posted::Posted,
};
use self::{
    listener::Listener,
    posted::{MAX_NOTE, posts},
    recent::Recent,
};
use crate::{
    Redis, Result,
    redis::{millis, script::Lua, unavailable},
};

/// Makes a post. `KEYS`: the stream, what tells that the post was made before, the bookmark, the greatest token. `ARGV`:
/// the id, how many posts are kept, the id of the oldest, the channel, the payload, milliseconds that the second key is
/// kept, whether it counts, whether there is a bookmark, the bookmark, the token, the last id that was there before, the
/// content, the note or nothing, the version in twenty digits. Answers 1, 0 if it was made before, -1 if the token is too
/// small, -2 if what was there before is not, or the last id when that is later.
static APPEND: Lua = Lua::new(include_str!("feed/append.lua"));

/// Gives a stream back what it has lost, and says how many posts that were. `KEYS`: the stream, which is the channel on
/// which that is told, too. `ARGV`: how many posts are kept, and the id, the payload and the note (or nothing) of each
/// post, the oldest first.
static RESTORE: Lua = Lua::new(include_str!("feed/restore.lua"));

/// A feed: posts in one order, which is the order of their ids, whoever makes them.
///
/// A post is published on a channel and kept in a stream, in one step. The channel is for everybody; who listens through
/// the feed hears every post of the stream once and in order, also those that were made while the connection was lost or
/// Redis was away, as long as the stream still has them. A stream that was lost, since Redis keeps nothing on disk, is
/// given back what those who listen and who make posts remember of it.
///
/// ```no_run
/// use anilibria_cache::{Redis, coordination::PostId};
/// use futures::StreamExt;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let redis = Redis::builder("redis://127.0.0.1").prefix("site:").build()?;
/// let feed = redis.feed("events");
///
/// feed.append(&feed.post("site:news"), |id| format!("{id}: hello")).await?;
///
/// let mut posts = feed.listen(["site:news"], PostId::default());
/// while let Some(post) = posts.next().await {
///     println!("{} {} bytes", post.id, post.payload.len());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisFeed {
    redis: Redis,
    name: Arc<str>,
    keep: usize,
    age: Duration,
    /// The last id that was used here.
    last: Arc<Mutex<PostId>>,
    recent: Recent,
}

/// What a post is besides its payload; made by [`RedisFeed::post`].
#[derive(Clone, Debug)]
#[must_use = "it is not made before it is appended"]
pub struct Post<'a> {
    channel: &'a str,
    once: Option<(&'a str, Duration)>,
    content: &'a str,
    version: u64,
    note: Option<&'a [u8]>,
    bookmark: Option<&'a [u8]>,
    token: Option<u64>,
}

impl<'a> Post<'a> {
    /// Makes the post only if nobody made one with this key within the last `remembered`. The prefix is not added to it, but
    /// in a cluster the name of the feed is. Default: always.
    pub fn once(mut self, key: &'a str, remembered: Duration) -> Self {
        self.once = Some((key, remembered));
        self
    }

    /// Tells posts with the same [key](Self::once) apart: it is also made if the last one with that key had another content.
    /// Default: none, so that the key alone counts.
    pub fn content(mut self, content: &'a str) -> Self {
        self.content = content;
        self
    }

    /// Something for those who listen through the feed alone: the channel is not told. Default: nothing; so is what is empty,
    /// or longer than 1,024 bytes.
    pub fn note(mut self, note: &'a [u8]) -> Self {
        self.note = Some(note).filter(|note| (1..=MAX_NOTE).contains(&note.len()));
        self
    }

    /// Which version of what it is about it tells of, the greater the later: it is not made if the last one with the same
    /// [key](Self::once), but another [content](Self::content), told of a later one. So whoever comes late with what was
    /// overtaken is not taken to tell of something new. Default: 0, which says nothing and is never overtaken.
    pub fn version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// Where whoever makes posts would go on after this one, for [`RedisFeed::bookmark`]; set in the same step as the
    /// post is made, also when somebody has made it before. Default: left as it is.
    pub fn bookmark(mut self, bookmark: &'a [u8]) -> Self {
        self.bookmark = Some(bookmark);
        self
    }

    /// The [token](crate::coordination::Elector::token) of the office that permits whoever makes it to do so: once somebody has used a
    /// greater one, it is refused. Default: everybody may.
    pub fn token(mut self, token: u64) -> Self {
        self.token = Some(token);
        self
    }
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It was made, with this id.
    Made(PostId),
    /// It was made before.
    Known,
    /// Somebody with a greater token has made posts.
    Outdated,
}

/// How often an id is chosen anew because somebody else has used a later one.
const TRIES: usize = 5;

impl RedisFeed {
    pub(crate) fn new(redis: Redis, name: &str) -> Self {
        let plain = format!("{}{name}", redis.keys().prefix());
        // In a cluster the braces keep all keys of the feed in one place.
        let name = if redis.link().is_single() { plain } else { format!("{{{plain}}}") };
        Self {
            redis,
            name: name.into(),
            keep: 1000,
            age: Duration::from_hours(24),
            last: Arc::default(),
            recent: Recent::default(),
        }
    }

    /// How many posts are remembered. Default: 1,000; at least 1.
    #[must_use]
    pub fn keep(mut self, posts: usize) -> Self {
        self.keep = posts.max(1);
        self
    }

    /// For how long posts are remembered. Default: a day.
    #[must_use]
    pub fn keep_for(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Describes a post on `channel`, to which the prefix is not added.
    pub fn post<'a>(&self, channel: &'a str) -> Post<'a> {
        Post { channel, once: None, content: "", version: 0, note: None, bookmark: None, token: None }
    }

    /// Makes a post of what `payload` gives for its id, which is later than all before it.
    pub async fn append<P: Into<Vec<u8>>>(
        &self,
        post: &Post<'_>,
        payload: impl Fn(PostId) -> P + Send,
    ) -> Result<Appended> {
        for _ in 0..TRIES {
            let id = self.next_id();
            let payload = payload(id).into();
            match Answer::of(self.send(post, id, &payload).await.map_err(unavailable)?)
                .map_err(unavailable)?
            {
                Answer::Made => {
                    let note = post.note.map(Bytes::copy_from_slice);
                    self.recent.add(Posted { id, payload: payload.into(), note }, self.keep);
                    return Ok(Appended::Made(id));
                }
                Answer::Known => return Ok(Appended::Known),
                Answer::Outdated => return Ok(Appended::Outdated),
                Answer::Behind(last) => self.used(last),
                Answer::Forgotten => {
                    self.redis.link().send(&self.restore()).await.map_err(unavailable)?;
                }
            }
        }
        Err(unavailable(
            (ErrorKind::Client, "others use later ids, or the stream is lost, all the time").into(),
        ))
    }

    /// Every post on `channels` after `last`, beginning with those that are remembered. The stream has a connection of
    /// its own, made when it is first polled and made again whenever it is lost; it never ends.
    pub fn listen<C: Into<String>>(
        &self,
        channels: impl IntoIterator<Item = C>,
        last: PostId,
    ) -> BoxStream<'static, Posted> {
        let channels = channels.into_iter().map(Into::into).collect();
        let listener = Listener::new(self.clone(), channels, last);
        stream::unfold(listener, async |mut listener| Some((listener.next().await, listener))).boxed()
    }

    /// The posts that are remembered after `last`, the oldest first.
    pub async fn since(&self, last: PostId) -> Result<Vec<Posted>> {
        let posts = self.redis.link().send(&range(&self.name, last, self.keep)).await.and_then(posts);
        posts.map_err(unavailable)
    }

    /// What the last post that had a [bookmark](Post::bookmark) brought.
    pub async fn bookmark(&self) -> Result<Option<Bytes>> {
        let answer = self.redis.link().send(redis::cmd("GET").arg(self.bookmark_key())).await;
        let bookmark: RedisResult<Option<Vec<u8>>> =
            answer.and_then(|answer| Ok(redis::from_redis_value(answer)?));
        Ok(bookmark.map_err(unavailable)?.map(Bytes::from))
    }

    /// Sets the [bookmark](Self::bookmark) without a post.
    pub async fn set_bookmark(&self, bookmark: &[u8]) -> Result<()> {
        let mut command = redis::cmd("SET");
        command.arg(self.bookmark_key()).arg(bookmark);
        self.redis.link().send(&command).await.map(drop).map_err(unavailable)
    }

    fn bookmark_key(&self) -> String {
        format!("{}:bookmark", self.name)
    }

    /// An id that was not used here yet, nor anywhere as far as the clock and past answers tell.
    fn next_id(&self) -> PostId {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = PostId::now().max(last.next());
        *last
    }

    fn used(&self, id: PostId) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = id.max(*last);
    }

    /// Gives the stream back what it should have and has not.
    fn restore(&self) -> Cmd {
        let mut command = RESTORE.call(&self.name);
        command.arg(self.keep);
        for Posted { id, payload, note } in self.recent.since(PostId::now().before(self.age)) {
            command.arg(id.in_redis()).arg(&payload[..]).arg(note.as_deref().unwrap_or_default());
        }
        command
    }

    async fn send(&self, post: &Post<'_>, id: PostId, payload: &[u8]) -> RedisResult<Value> {
        let (once, remembered) = post.once.unwrap_or_default();
        let once = if self.redis.link().is_single() { once.into() } else { format!("{}:{once}", self.name) };
        let (bookmark, holder) = (self.bookmark_key(), format!("{}:token", self.name));
        let mut command = APPEND.call_with(&[&self.name, &once, &bookmark, &holder]);
        command.arg(id.in_redis()).arg(self.keep).arg(id.before(self.age).in_redis());
        command.arg(post.channel).arg(payload).arg(millis(remembered));
        command.arg(u8::from(post.once.is_some())).arg(u8::from(post.bookmark.is_some()));
        command.arg(post.bookmark.unwrap_or_default());
        command.arg(post.token.map(|token| token.to_string()).unwrap_or_default());
        let recent = self.recent.last().filter(|last| *last > PostId::now().before(self.age));
        command.arg(recent.unwrap_or_default().in_redis()).arg(post.content);
        command.arg(post.note.unwrap_or_default());
        // As long as any other, so that they compare as texts do: numbers in Lua are exact to 53 bits only.
        command.arg(format!("{:020}", post.version));
        self.redis.link().send(&command).await
    }
}

impl fmt::Debug for RedisFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisFeed").field(&self.redis).field(&self.name).finish()
    }
}

/// What the script answers.
enum Answer {
    Made,
    Known,
    Outdated,
    /// The stream has lost what was there before.
    Forgotten,
    /// The stream has this one already, which is not earlier.
    Behind(PostId),
}

impl Answer {
    fn of(value: Value) -> RedisResult<Self> {
        match value {
            Value::Int(1) => Ok(Self::Made),
            Value::Int(0) => Ok(Self::Known),
            Value::Int(-2) => Ok(Self::Forgotten),
            Value::Int(_) => Ok(Self::Outdated),
            value => {
                let id: String = redis::from_redis_value(value)?;
                let id = PostId::from_redis(&id);
                id.map(Self::Behind).ok_or_else(|| foreign("an id that no feed makes"))
            }
        }
    }
}

/// Asks for what is after `last`.
fn range(stream: &str, last: PostId, count: usize) -> Cmd {
    let mut command = redis::cmd("XRANGE");
    command.arg(stream).arg(format!("({}", last.in_redis())).arg("+").arg("COUNT").arg(count);
    command
}

fn foreign(what: &'static str) -> redis::RedisError {
    (ErrorKind::UnexpectedReturnType, what).into()
}
