//! nginx with the shipped configuration, in front of the back ends of a test.

use std::{
    collections::HashMap,
    fs, io,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::Mutex,
};

use reqwest::{Client, RequestBuilder};
use test_services::NginxServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use crate::support::Answer;

/// The shipped configuration.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/nginx");

/// Origins of the back ends.
pub(crate) struct Behind<'a> {
    /// The two instances of the service.
    pub(crate) instances: [&'a str; 2],
    /// The Node service.
    pub(crate) node: &'a str,
    /// The site's pages.
    pub(crate) site: &'a str,
}

impl<'a> Behind<'a> {
    /// The two instances, without other back ends.
    pub(crate) fn instances(one: &'a str, two: &'a str) -> Self {
        Self { instances: [one, two], node: "http://127.0.0.1:1", site: "http://127.0.0.1:1" }
    }
}

/// A running nginx with the shipped configuration, except for addresses and directories.
pub(crate) struct Front {
    nginx: NginxServer,
    clients: Mutex<HashMap<u16, Client>>,
}

impl Front {
    /// Starts nginx; `None` if it is not installed.
    pub(crate) fn start(behind: &Behind<'_>) -> Option<Self> {
        let nginx = NginxServer::start(|directory, port| configure(directory, port, behind).unwrap())?;
        Some(Self { nginx, clients: Mutex::default() })
    }

    /// Origin of nginx.
    pub(crate) fn origin(&self) -> String {
        self.nginx.origin()
    }

    /// A GET request of the client with this number. Each client has another address.
    pub(crate) fn by(&self, client: u16, path: &str) -> RequestBuilder {
        let mut clients = self.clients.lock().unwrap();
        // A reload would close idle connections.
        let new =
            || Client::builder().local_address(IpAddr::V4(address_of(client))).pool_max_idle_per_host(0);
        let client = clients.entry(client).or_insert_with(|| new().build().unwrap());
        client.get(format!("{}{path}", self.origin()))
    }

    /// The answer to a GET request of the client with this number.
    pub(crate) async fn answer(&self, client: u16, path: &str) -> Answer {
        Answer::to(self.by(client, path)).await
    }

    /// The body of the answer to the client with this number. Faster than `answer` for many clients.
    pub(crate) async fn body(&self, client: u16, path: &str) -> String {
        let mut stream = self.connect(client).await;
        let request = format!("GET {path} HTTP/1.0\r\nHost: front\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// A connection from the address of the client with this number.
    pub(crate) async fn connect(&self, client: u16) -> TcpStream {
        connect(&self.origin(), client, None).await
    }

    /// The answer to a GET request whose target is sent as it is; HTTP clients normalise it.
    pub(crate) async fn raw(&self, client: u16, target: &str, headers: &[(&str, &str)]) -> Raw {
        Raw::of(self.connect(client).await, &request("GET", target, headers)).await
    }

    /// The directory with the configuration, the cache and the temporary files.
    pub(crate) fn directory(&self) -> &Path {
        self.nginx.directory()
    }

    /// Files below a directory of nginx that a process has open, with their sizes. nginx deletes temporary files when it
    /// opens them.
    pub(crate) fn open_files(&self, directory: &str) -> Vec<(PathBuf, u64)> {
        let directory = self.directory().join(directory);
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let descriptors =
            processes.filter_map(|process| fs::read_dir(process.path().join("fd")).ok()).flatten();
        let files = descriptors.flatten().filter_map(|descriptor| {
            let target =
                fs::read_link(descriptor.path()).ok().filter(|target| target.starts_with(&directory))?;
            let file = fs::metadata(descriptor.path()).ok().filter(fs::Metadata::is_file)?;
            Some((target, file.len()))
        });
        files.collect()
    }

    /// The access log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.nginx.directory().join("access.log")).unwrap()
    }

    /// Changes a file and reloads nginx, as an operator would.
    pub(crate) fn edit(&self, file: &str, edit: impl FnOnce(String) -> String) {
        let file = self.nginx.directory().join("anilibria").join(file);
        let before = fs::read_to_string(&file).unwrap();
        let after = edit(before.clone());
        assert_ne!(before, after);
        fs::write(file, after).unwrap();
        self.nginx.reload();
    }
}

/// A connection to `origin` from the address of the client with this number, with a receive buffer of this size.
pub(crate) async fn connect(origin: &str, client: u16, receive_buffer: Option<u32>) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(size) = receive_buffer {
        socket.set_recv_buffer_size(size).unwrap();
    }
    socket.bind((address_of(client), 0).into()).unwrap();
    socket.connect(authority(origin).parse().unwrap()).await.unwrap()
}

/// The text of a request without a body, after whose answer the connection is closed.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: front\r\nConnection: close\r\n");
    for &(name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request + "\r\n"
}

/// An answer, as it is on the connection.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    /// Sends `request`, and reads the answer until the connection is closed.
    pub(crate) async fn of(mut stream: TcpStream, request: &str) -> Self {
        // nginx may answer and close before it has read everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: answer[end + 4..].to_vec() }
    }

    /// A header; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The address of a client: the whole of 127.0.0.0/8 is this machine.
pub(crate) fn address_of(client: u16) -> Ipv4Addr {
    let [high, low] = client.to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

/// Copies the shipped configuration to `directory`, with the addresses of `behind`.
fn configure(directory: &Path, port: u16, behind: &Behind<'_>) -> io::Result<()> {
    let parts = directory.join("anilibria");
    fs::create_dir(&parts)?;
    for entry in fs::read_dir(format!("{SHIPPED}/anilibria"))? {
        let entry = entry?;
        fs::copy(entry.path(), parts.join(entry.file_name()))?;
    }
    fs::copy(format!("{SHIPPED}/anilibria.conf"), directory.join("anilibria.conf"))?;
    let here = directory.to_str().unwrap();
    let frame = fs::read_to_string(format!("{SHIPPED}/nginx.conf"))?;
    fs::write(
        directory.join("nginx.conf"),
        replaced(
            frame,
            &[
                ("include /etc/nginx/mime.types;", ""),
                (" /tmp/", &format!(" {here}/")),
                ("/dev/stdout", &format!("{here}/access.log")),
                ("/dev/stderr", "stderr"),
            ],
        ),
    )?;
    let change = |file: &str, changes: &[(&str, &str)]| {
        let file = parts.join(file);
        fs::write(&file, replaced(fs::read_to_string(&file)?, changes))
    };
    let [one, two] = behind.instances.map(authority);
    change(
        "hosts.conf",
        &[
            ("anilibria-1:8000", one),
            ("anilibria-2:8000", two),
            ("server:5000", authority(behind.node)),
            ("client:80", authority(behind.site)),
        ],
    )?;
    change("cache_path.conf", &[("/var/cache/nginx", here)])?;
    change("listen.conf", &[("listen 8080;", &format!("listen 127.0.0.1:{port};"))])
}

fn authority(origin: &str) -> &str {
    origin.strip_prefix("http://").unwrap()
}

/// `text` with all `changes`. Panics if one of them changes nothing: the test would test another configuration.
fn replaced(text: String, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not there any more");
        text.replace(from, to)
    })
}
