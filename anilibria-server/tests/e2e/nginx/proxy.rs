//! nginx with the provided configuration and the back ends of a test.

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

use crate::support::Response;

/// Directory of the provided configuration.
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/nginx");

/// Origins of the back ends.
pub(crate) struct BackEnds<'a> {
    /// The two instances of the service.
    pub(crate) instances: [&'a str; 2],
    /// The Node service.
    pub(crate) node: &'a str,
    /// The pages of the site.
    pub(crate) site: &'a str,
}

impl<'a> BackEnds<'a> {
    /// Returns two instances of the service without other back ends.
    pub(crate) fn instances(one: &'a str, two: &'a str) -> Self {
        Self { instances: [one, two], node: "http://127.0.0.1:1", site: "http://127.0.0.1:1" }
    }
}

/// A running nginx with the provided configuration, except for addresses and directories.
pub(crate) struct Proxy {
    nginx: NginxServer,
    clients: Mutex<HashMap<u16, Client>>,
}

impl Proxy {
    /// Starts nginx; `None` if it is not installed.
    pub(crate) fn start(back_ends: &BackEnds<'_>) -> Option<Self> {
        let nginx = NginxServer::start(|directory, port| configure(directory, port, back_ends).unwrap())?;
        Some(Self { nginx, clients: Mutex::default() })
    }

    /// Returns the origin of nginx.
    pub(crate) fn origin(&self) -> String {
        self.nginx.origin()
    }

    /// Returns a GET request of this client. Each client has its own address.
    pub(crate) fn request(&self, client: u16, path: &str) -> RequestBuilder {
        let mut clients = self.clients.lock().unwrap();
        // A reload of nginx closes idle connections, which would fail the next request.
        let new =
            || Client::builder().local_address(IpAddr::V4(address_of(client))).pool_max_idle_per_host(0);
        let client = clients.entry(client).or_insert_with(|| new().build().unwrap());
        client.get(format!("{}{path}", self.origin()))
    }

    /// Sends a GET request of this client.
    pub(crate) async fn get(&self, client: u16, path: &str) -> Response {
        Response::to(self.request(client, path)).await
    }

    /// Returns the body of the response to a GET request of this client. Faster than `get` for many clients.
    pub(crate) async fn body(&self, client: u16, path: &str) -> String {
        let mut stream = self.connect(client).await;
        let request = format!("GET {path} HTTP/1.0\r\nHost: front\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// Opens a connection from the address of this client.
    pub(crate) async fn connect(&self, client: u16) -> TcpStream {
        connect(&self.origin(), client, None).await
    }

    /// Sends a GET request with the unmodified `target`. HTTP clients would normalise it.
    pub(crate) async fn raw(&self, client: u16, target: &str, headers: &[(&str, &str)]) -> RawResponse {
        RawResponse::to(self.connect(client).await, &request("GET", target, headers)).await
    }

    /// Returns the directory with the configuration, the cache and the temporary files.
    pub(crate) fn directory(&self) -> &Path {
        self.nginx.directory()
    }

    /// Returns the open files below a directory of nginx with their sizes. nginx deletes temporary files right after it
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

    /// Returns the access log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.nginx.directory().join("access.log")).unwrap()
    }

    /// Changes a configuration file and reloads nginx.
    pub(crate) fn edit(&self, file: &str, edit: impl FnOnce(String) -> String) {
        let file = self.nginx.directory().join("anilibria").join(file);
        let before = fs::read_to_string(&file).unwrap();
        let after = edit(before.clone());
        assert_ne!(before, after);
        fs::write(file, after).unwrap();
        self.nginx.reload();
    }
}

/// Opens a connection to `origin` from the address of this client, with a receive buffer of this size.
pub(crate) async fn connect(origin: &str, client: u16, receive_buffer: Option<u32>) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(size) = receive_buffer {
        socket.set_recv_buffer_size(size).unwrap();
    }
    socket.bind((address_of(client), 0).into()).unwrap();
    socket.connect(authority(origin).parse().unwrap()).await.unwrap()
}

/// Returns the text of a request without a body and with `Connection: close`.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: front\r\nConnection: close\r\n");
    for &(name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request + "\r\n"
}

/// A response as received from the connection.
#[derive(Debug)]
pub(crate) struct RawResponse {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl RawResponse {
    /// Sends `request` and reads the response until the connection is closed.
    pub(crate) async fn to(mut stream: TcpStream, request: &str) -> Self {
        // nginx may respond and close the connection before it has read the request completely.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response).await;
        let end = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(response[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: response[end + 4..].to_vec() }
    }

    /// Returns a header, or an empty text if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// Returns the body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Returns the address of a client. All of 127.0.0.0/8 is local.
pub(crate) fn address_of(client: u16) -> Ipv4Addr {
    let [high, low] = client.to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

/// Copies the provided configuration to `directory`, with the addresses of `back_ends`.
fn configure(directory: &Path, port: u16, back_ends: &BackEnds<'_>) -> io::Result<()> {
    let parts = directory.join("anilibria");
    fs::create_dir(&parts)?;
    for entry in fs::read_dir(format!("{CONFIGURATION}/anilibria"))? {
        let entry = entry?;
        fs::copy(entry.path(), parts.join(entry.file_name()))?;
    }
    fs::copy(format!("{CONFIGURATION}/anilibria.conf"), directory.join("anilibria.conf"))?;
    let root = directory.to_str().unwrap();
    let main = fs::read_to_string(format!("{CONFIGURATION}/nginx.conf"))?;
    fs::write(
        directory.join("nginx.conf"),
        replace_all(
            main,
            &[
                ("include /etc/nginx/mime.types;", ""),
                (" /tmp/", &format!(" {root}/")),
                ("/dev/stdout", &format!("{root}/access.log")),
                ("/dev/stderr", "stderr"),
            ],
        ),
    )?;
    let change = |file: &str, changes: &[(&str, &str)]| {
        let file = parts.join(file);
        fs::write(&file, replace_all(fs::read_to_string(&file)?, changes))
    };
    let [one, two] = back_ends.instances.map(authority);
    change(
        "hosts.conf",
        &[
            ("anilibria-1:8000", one),
            ("anilibria-2:8000", two),
            ("server:5000", authority(back_ends.node)),
            ("client:80", authority(back_ends.site)),
        ],
    )?;
    change("cache_path.conf", &[("/var/cache/nginx", root)])?;
    change("listen.conf", &[("listen 8080;", &format!("listen 127.0.0.1:{port};"))])
}

fn authority(origin: &str) -> &str {
    origin.strip_prefix("http://").unwrap()
}

/// Returns `text` with all `changes`. Panics if a change does not apply, because the configuration would be another one.
fn replace_all(text: String, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is missing");
        text.replace(from, to)
    })
}
