//! Real servers for tests. Each server listens on a free port of 127.0.0.1 and has a separate directory. It ends when
//! its handle is dropped, when the test panics, and when the test process is killed.
//!
//! ```no_run
//! let Some(redis) = test_services::RedisServer::start() else { return };
//!
//! assert_eq!(redis.cli(&["SET", "key", "value"]), "OK");
//! ```
//!
//! `start` returns `None` if the server is not installed. It reports the skipped test as
//! `skipped: <test>: <program> is not installed` on stderr, and in the file that `TEST_SERVICES_SKIPPED` names.
//!
//! `REQUIRE_TEST_SERVICES` lists required services, separated by spaces: `redis`, `mongodb`, `nginx`, `jaeger`, `promtool`,
//! `jq`. If a required service is not installed, the test panics. The tools `promtool` and `jq` are no servers, but the
//! same rules apply to them.
#![cfg(unix)]

mod availability;
mod jaeger;
mod jq;
mod mongo;
mod nginx;
mod port;
mod process;
mod promtool;
mod redis;

pub use self::{
    jaeger::JaegerServer,
    jq::jq,
    mongo::MongoServer,
    nginx::NginxServer,
    promtool::Promtool,
    redis::{Certificates, RedisCluster, RedisOptions, RedisServer, Sentinel},
};
