//! A cluster of Redis servers.

use anyhow::ensure;

use super::{RedisOptions, RedisServer};

/// First and last slot of each node.
const NODE_SLOTS: [[u16; 2]; 3] = [[0, 5460], [5461, 10922], [10923, 16383]];

/// A Redis cluster of three nodes, each with a third of the slots. Needs Redis 7.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts the nodes and waits until they form a cluster. `None` if Redis is not installed, see the crate page.
    ///
    /// # Panics
    ///
    /// If a server does not start, or if it is required but not installed.
    #[must_use = "without a server there is nothing to test: return"]
    #[track_caller]
    pub fn start() -> Option<Self> {
        let node = |slots| RedisOptions::default().slots(slots).start();
        let nodes: Option<Vec<_>> = NODE_SLOTS.into_iter().map(node).collect();
        let cluster = Self { nodes: nodes? };
        cluster.join().unwrap_or_else(|error| panic!("{error:#}"));
        Some(cluster)
    }

    /// URL for clients: `redis+cluster://127.0.0.1:1234/`.
    pub fn url(&self) -> String {
        let ports: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+cluster://{}", ports.join(","))
    }

    /// Nodes of the cluster.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// Runs redis-cli on the node that owns the key, and returns its trimmed output.
    ///
    /// # Panics
    ///
    /// If a server cannot be reached.
    #[track_caller]
    pub fn cli(&self, arguments: &[&str]) -> String {
        let answers = self.nodes.iter().map(|node| node.cli(arguments));
        answers.into_iter().find(|answer| !answer.starts_with("MOVED ")).unwrap_or_default()
    }

    /// Connects the first node to the other nodes and waits for the cluster.
    fn join(&self) -> anyhow::Result<()> {
        for (number, node) in self.nodes.iter().enumerate() {
            node.access.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()])?;
        }
        let Some((first, others)) = self.nodes.split_first() else { return Ok(()) };
        for node in others {
            let bus = node.access.cli(&["CONFIG", "GET", "cluster-port"])?;
            let bus = bus.lines().nth(1).unwrap_or_default();
            let reply = first.access.cli(&["CLUSTER", "MEET", "127.0.0.1", &node.port().to_string(), bus])?;
            ensure!(reply == "OK", "CLUSTER MEET: {reply}");
        }
        self.nodes.iter().try_for_each(|node| node.wait_for_cluster(NODE_SLOTS.len()))
    }
}
