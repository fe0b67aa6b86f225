//! End-to-end tests: the built binary as a separate process, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(unix)]
mod cache_disk;
#[cfg(unix)]
mod cache_faults;
#[cfg(unix)]
mod cache_instances;
#[cfg(unix)]
mod cache_keys;
#[cfg(unix)]
mod cache_levels;
#[cfg(unix)]
mod cache_missing_titles;
#[cfg(unix)]
mod cache_secrets;
#[cfg(unix)]
mod cache_stale;
#[cfg(unix)]
mod catalog;
#[cfg(unix)]
mod catalog_mongo;
#[cfg(unix)]
mod catalog_redis;
#[cfg(unix)]
mod cluster;
mod commands;
mod compare;
#[cfg(target_os = "linux")]
mod connections;
mod endpoints;
#[cfg(unix)]
mod flags;
mod health_load;
mod internal;
#[cfg(unix)]
mod jaeger;
mod legacy;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(unix)]
mod listener;
#[cfg(unix)]
mod live_client;
mod log_secrets;
#[cfg(unix)]
mod metrics;
#[cfg(target_os = "linux")]
mod nginx;
mod node;
mod notify;
#[cfg(unix)]
mod outage_logs;
#[cfg(unix)]
mod outages;
mod realtime;
#[cfg(unix)]
mod realtime_faults;
#[cfg(unix)]
mod realtime_instances;
#[cfg(target_os = "linux")]
mod realtime_limits;
mod realtime_misuse;
mod realtime_sse;
mod single_flight;
mod socket;
#[cfg(unix)]
mod start;
mod support;
mod sync_events;
#[cfg(unix)]
mod tls;
#[path = "../support/token.rs"]
mod token;
mod token_validation;
mod torznab;
#[cfg(unix)]
mod traces;
mod upstream_faults;
mod v3;
#[cfg(target_os = "linux")]
mod v3_limits;
mod v3_socket;
