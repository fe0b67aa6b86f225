//! Real servers for tests: each starts on a free port of 127.0.0.1, keeps its files in a directory of its own, and is
//! gone when its handle is dropped, when the test panics, and when the test process is killed.
//!
//! ```no_run
//! let Some(redis) = test_services::RedisServer::start() else { return };
//!
//! assert_eq!(redis.cli(&["SET", "key", "value"]), "OK");
//! ```
//!
//! `start` answers `None` where the server is not installed. By then it has said so on stderr, and in the file that
//! `TEST_SERVICES_SKIPPED` names, as `skipped: <test>: <program> is not installed`. A service that
//! `REQUIRE_TEST_SERVICES` lists (`redis`, `mongodb`, `nginx`, `jaeger`, separated by spaces) makes the test panic instead.
//! The same goes for the tools `promtool` and `jq`, which are no servers.
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
