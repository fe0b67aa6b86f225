//! Commands over a connection to one server or to a cluster.

use std::sync::Arc;

use futures::future::join_all;
use redis::{
    Cmd, ErrorKind, Pipeline, RedisError, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::ClusterConnection,
    cluster_routing::{RoutingInfo, SingleNodeRoutingInfo},
};

use super::{generation::Generations, tag_cache::TagCache};

/// An open connection. Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    /// Connection to one server.
    Single {
        connection: MultiplexedConnection,
        /// `None` if the server does not report changes of keys.
        tags: Option<Arc<TagCache>>,
    },
    /// Connections to all nodes of a cluster.
    Cluster(ClusterConnection),
}

/// A server of a cluster, or the only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// The server that contains the key of the command.
    Owner,
    /// Any server of the cluster.
    Any,
    /// A certain server of the cluster.
    At { host: String, port: u16 },
}

impl Connection {
    /// Returns the reply of `node` to `command`.
    pub(super) async fn send(&mut self, node: &Node, command: &Cmd) -> RedisResult<Value> {
        let reply = match self {
            Self::Single { connection, .. } => connection.req_packed_command(command).await,
            Self::Cluster(connection) => match node.route() {
                None => connection.req_packed_command(command).await,
                Some(node) => connection.route_command(command.clone(), RoutingInfo::SingleNode(node)).await,
            },
        };
        reply.and_then(Value::extract_error)
    }

    /// Returns the replies to `commands`, each of which concerns one key. One server executes them in order, in one round
    /// trip; the nodes of a cluster execute them concurrently.
    pub(super) async fn send_all(&mut self, commands: &[Cmd]) -> RedisResult<Vec<RedisResult<Value>>> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Single { connection, .. } => {
                let mut pipeline = Pipeline::with_capacity(commands.len());
                for command in commands {
                    pipeline.add_command(command.clone());
                }
                let replies = connection.req_packed_commands(&pipeline, 0, commands.len()).await?;
                Ok(replies.into_iter().map(Value::extract_error).collect())
            }
            Self::Cluster(_) => {
                Ok(join_all(commands.iter().map(|command| self.clone().send_owned(command))).await)
            }
        }
    }

    /// Reads the generations of tags, and stores them in the [`TagCache`] of the connection.
    pub(super) async fn generations(&mut self, keys: &[String]) -> RedisResult<Vec<Generations>> {
        match self {
            Self::Single { connection, tags } => {
                let mut pipeline = Pipeline::with_capacity(2);
                let read = tags.as_ref().map(|tags| {
                    pipeline.cmd("CLIENT").arg("CACHING").arg("YES");
                    tags.begin_read(keys)
                });
                pipeline.cmd("MGET").arg(keys);
                let replies = connection.req_packed_commands(&pipeline, 0, pipeline.len()).await?;
                let replies: Vec<Value> =
                    replies.into_iter().map(Value::extract_error).collect::<RedisResult<_>>()?;
                let Some(Value::Array(values)) = replies.last() else {
                    return Err((ErrorKind::UnexpectedReturnType, "no array of values").into());
                };
                let generations: Vec<_> = values.iter().map(Generations::parse).collect();
                if let (Some(tags), Some(read)) = (tags, read) {
                    tags.finish_read(read, keys, &generations);
                }
                Ok(generations)
            }
            Self::Cluster(_) => {
                let reads: Vec<Cmd> = keys.iter().map(Cmd::get).collect();
                let parse = |reply: RedisResult<Value>| match reply {
                    Ok(value) => Ok(Generations::parse(&value)),
                    Err(error) if error.code() == Some("WRONGTYPE") => Ok(Generations::default()),
                    Err(error) => Err(error),
                };
                self.send_all(&reads).await?.into_iter().map(parse).collect()
            }
        }
    }

    /// Returns the tags that are known without a command, if the server reports changes of keys.
    pub(super) fn tag_cache(&self) -> Option<&Arc<TagCache>> {
        match self {
            Self::Single { tags, .. } => tags.as_ref(),
            Self::Cluster(_) => None,
        }
    }

    async fn send_owned(mut self, command: &Cmd) -> RedisResult<Value> {
        self.send(&Node::Owner, command).await
    }

    /// True if the connection has to be replaced after a command has failed with `error`.
    pub(super) fn is_broken_by(&self, error: &RedisError) -> bool {
        match self {
            // A cluster connection reconnects to its nodes by itself.
            Self::Cluster(_) => error.kind() == ErrorKind::ClusterConnectionNotFound,
            Self::Single { .. } => {
                error.is_unrecoverable_error()
                    || error.is_io_error()
                    // The server has become a replica, or requires a password since.
                    || matches!(error.code(), Some("READONLY" | "NOAUTH"))
            }
        }
    }
}

impl Node {
    /// Returns the masters, from the reply to `CLUSTER SLOTS`: `[[first, last, [host, port, …], …], …]`.
    pub(super) fn masters(slots: Value) -> RedisResult<Vec<Self>> {
        let mut masters: Vec<(String, u16)> = Vec::new();
        for range in redis::from_redis_value::<Vec<Vec<Value>>>(slots)? {
            let Some(Value::Array(master)) = range.into_iter().nth(2) else {
                return Err((ErrorKind::UnexpectedReturnType, "a range of slots without a node").into());
            };
            let mut master = master.into_iter();
            let (Some(host), Some(port)) = (master.next(), master.next()) else {
                return Err((ErrorKind::UnexpectedReturnType, "a node without an address").into());
            };
            masters.push((redis::from_redis_value(host)?, redis::from_redis_value(port)?));
        }
        masters.sort_unstable();
        masters.dedup();
        Ok(masters.into_iter().map(|(host, port)| Self::At { host, port }).collect())
    }

    /// Returns the route, or `None` if the key of the command decides it.
    fn route(&self) -> Option<SingleNodeRoutingInfo> {
        match self {
            Self::Owner => None,
            Self::Any => Some(SingleNodeRoutingInfo::RandomPrimary),
            Self::At { host, port } => {
                Some(SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port })
            }
        }
    }
}
