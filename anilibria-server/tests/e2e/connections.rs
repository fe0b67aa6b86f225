//! A large number of connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{limits::connect, support::Service};

/// Sends a request over `connection` and returns the status line of the response.
async fn status_line(connection: &mut TcpStream) -> String {
    connection.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut response = [0; 4096];
    let len = connection.read(&mut response).await.unwrap();
    String::from_utf8_lossy(&response[..len]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn ten_thousand_idle_connections_do_not_block_requests() {
    const IDLE: u64 = 10_000;
    if !raise_open_files_limit(IDLE + 500) {
        eprintln!("skipped: ten_thousand_idle_connections: the limit of open files is too low");
        return;
    }
    // The process inherits the limit of open files.
    let service = Service::sandbox(&[], &[]);
    let mut idle = Vec::new();
    for number in 0..IDLE {
        // The number of connections is limited for each address.
        let client = u8::try_from(number % 20).unwrap();
        idle.push(connect(&service, client).await.unwrap());
    }

    assert_eq!(status_line(&mut connect(&service, 100).await.unwrap()).await, "HTTP/1.1 200 OK");
    for connection in idle.iter_mut().step_by(1000) {
        assert_eq!(status_line(connection).await, "HTTP/1.1 200 OK");
    }
}

/// Raises the limit of open files if necessary. Returns true if this process can have `files` open files.
pub(crate) fn raise_open_files_limit(files: u64) -> bool {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= files);
    enough(current)
        || setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok() && enough(maximum)
}
