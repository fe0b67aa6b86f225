//! Commands over a connection, whatever it leads to.

use futures::future::join_all;
use redis::{
    Cmd, ErrorKind, Pipeline, RedisError, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::ClusterConnection,
    cluster_routing::{RoutingInfo, SingleNodeRoutingInfo},
};

/// An open connection. Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    /// To one server.
    Single(MultiplexedConnection),
    /// To all nodes of a cluster, each with its share of the keys.
    Cluster(ClusterConnection),
}

/// Which server is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// The one that has the key.
    Owner,
    /// Any of a cluster.
    Any,
    /// One of a cluster.
    At { host: String, port: u16 },
}

impl Connection {
    /// The answer of `node` to `command`.
    pub(super) async fn send(&mut self, node: &Node, command: &Cmd) -> RedisResult<Value> {
        let answer = match self {
            Self::Single(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => match node.route() {
                None => connection.req_packed_command(command).await,
                Some(node) => connection.route_command(command.clone(), RoutingInfo::SingleNode(node)).await,
            },
        };
        answer.and_then(Value::extract_error)
    }

    /// The answers to `first`, each about one key, and to `last`, which is carried out after them. It is one round trip
    /// where there is one server; in a cluster it is two, and `last` is left out when one of the others failed.
    pub(super) async fn send_all(
        &mut self,
        first: &[Cmd],
        last: Option<&Cmd>,
    ) -> RedisResult<Vec<RedisResult<Value>>> {
        match self {
            Self::Single(connection) => {
                let count = first.len() + usize::from(last.is_some());
                let mut pipeline = Pipeline::with_capacity(count);
                for command in first.iter().chain(last) {
                    pipeline.add_command(command.clone());
                }
                let answers = connection.req_packed_commands(&pipeline, 0, count).await?;
                Ok(answers.into_iter().map(Value::extract_error).collect())
            }
            Self::Cluster(_) => {
                let mut answers =
                    join_all(first.iter().map(|command| self.clone().send_owned(command))).await;
                if let Some(last) = last.filter(|_| answers.iter().all(Result::is_ok)) {
                    answers.push(self.send(&Node::Owner, last).await);
                }
                Ok(answers)
            }
        }
    }

    async fn send_owned(mut self, command: &Cmd) -> RedisResult<Value> {
        self.send(&Node::Owner, command).await
    }

    /// Whether a connection on which a command ended like this should be given up for a new one.
    pub(super) fn is_broken_by(&self, error: &RedisError) -> bool {
        match self {
            // A cluster connects again by itself to a node that it lost, and one slow node is not the cluster.
            Self::Cluster(_) => error.kind() == ErrorKind::ClusterConnectionNotFound,
            Self::Single(_) => {
                error.is_unrecoverable_error()
                    || error.is_io_error()
                    // The server is not the master any more, or wants to know a password that it did not before.
                    || matches!(error.code(), Some("READONLY" | "NOAUTH"))
            }
        }
    }
}

impl Node {
    /// The nodes that take writes, from the answer to `CLUSTER SLOTS`: `[[first, last, [host, port, …], …], …]`.
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

    /// `None` leaves it to the key of the command.
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
