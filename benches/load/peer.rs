//! The same two operations in other languages, with the libraries that sites use: memory in front of Redis.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anilibria_benches::server::{Server, free_address};
use bytes::Bytes;
use test_services::RedisServer;

use crate::arguments::Arguments;

/// Servers in other languages that are installed, and their Redis.
pub(crate) struct Peers {
    pub(crate) servers: Vec<Server>,
    _redis: Option<RedisServer>,
}

impl Peers {
    /// Stores `contents` in Redis and starts the servers that are installed in `arguments.peers`.
    pub(crate) async fn start(arguments: &Arguments, contents: &[(&str, Bytes)]) -> anyhow::Result<Self> {
        let commands: Vec<_> =
            commands(&arguments.peers).into_iter().filter(|(_, command)| command.is_some()).collect();
        let redis = if commands.is_empty() { None } else { RedisServer::start() };
        let Some(redis) = redis else { return Ok(Self { servers: Vec::new(), _redis: None }) };
        let client = redis::Client::open(redis.url())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        for (path, body) in contents {
            redis::cmd("SET").arg(path).arg(body.as_ref()).exec_async(&mut connection).await?;
        }
        let mut servers = Vec::new();
        for (name, command) in commands {
            let Some(mut command) = command else { continue };
            let address = free_address()?;
            command.env("PORT", address.port().to_string()).env("REDIS_URL", redis.url());
            servers.push(Server::start(name, address, command)?);
        }
        Ok(Self { servers, _redis: Some(redis) })
    }
}

/// Returns the command of each server; `None` if its libraries are not installed.
fn commands(directory: &Path) -> [(&'static str, Option<Command>); 3] {
    [
        ("Fastify + ioredis", node(directory.join("fastify"))),
        ("Express + ioredis", node(directory.join("express"))),
        ("FastAPI + redis-py", python(directory.join("fastapi"))),
    ]
}

fn node(directory: PathBuf) -> Option<Command> {
    let mut command = directory.join("node_modules").is_dir().then(|| Command::new("node"))?;
    command.arg("server.js").current_dir(directory).env("NODE_ENV", "production");
    Some(command)
}

fn python(directory: PathBuf) -> Option<Command> {
    let interpreter = directory.join(".venv/bin/python");
    let mut command = interpreter.is_file().then(|| Command::new(interpreter))?;
    command.arg("server.py").current_dir(directory);
    Some(command)
}
