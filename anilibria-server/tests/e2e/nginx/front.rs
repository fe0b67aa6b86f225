//! The nginx that is shipped, in front of whatever a test puts behind it.

use std::{
    collections::HashMap,
    fs, io,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::Mutex,
};

use reqwest::{Client, RequestBuilder};
use test_services::NginxServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
};

use crate::support::Answer;

/// The shipped configuration.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/nginx");

/// Where requests end up.
pub(crate) struct Behind<'a> {
    /// The two instances of the service.
    pub(crate) instances: [&'a str; 2],
    /// The Node service.
    pub(crate) node: &'a str,
    /// The site's pages.
    pub(crate) site: &'a str,
}

impl<'a> Behind<'a> {
    /// The two instances, and nobody else.
    pub(crate) fn instances(one: &'a str, two: &'a str) -> Self {
        Self { instances: [one, two], node: "http://127.0.0.1:1", site: "http://127.0.0.1:1" }
    }
}

/// A running nginx with the shipped configuration, but for addresses and directories.
pub(crate) struct Front {
    nginx: NginxServer,
    clients: Mutex<HashMap<u16, Client>>,
}

impl Front {
    /// Starts it; `None` where it is not installed.
    pub(crate) fn start(behind: &Behind<'_>) -> Option<Self> {
        let nginx = NginxServer::start(|directory, port| configure(directory, port, behind).unwrap())?;
        Some(Self { nginx, clients: Mutex::default() })
    }

    /// Where it listens.
    pub(crate) fn origin(&self) -> String {
        self.nginx.origin()
    }

    /// A request by the client with this number, which has an address of its own.
    pub(crate) fn by(&self, client: u16, path: &str) -> RequestBuilder {
        let mut clients = self.clients.lock().unwrap();
        // A connection that is kept could be one that a reload is about to end.
        let new =
            || Client::builder().local_address(IpAddr::V4(address_of(client))).pool_max_idle_per_host(0);
        let client = clients.entry(client).or_insert_with(|| new().build().unwrap());
        client.get(format!("{}{path}", self.origin()))
    }

    /// What is answered to the client with this number.
    pub(crate) async fn answer(&self, client: u16, path: &str) -> Answer {
        Answer::to(self.by(client, path)).await
    }

    /// The body of what is answered to the client with this number, in a quick way for many clients.
    pub(crate) async fn body(&self, client: u16, path: &str) -> String {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address_of(client), 0).into()).unwrap();
        let authority = self.origin().replacen("http://", "", 1);
        let mut stream = socket.connect(authority.parse().unwrap()).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// What has been written to the log of requests.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.nginx.directory().join("access.log")).unwrap()
    }

    /// Changes a file as an operator would, and makes nginx read it.
    pub(crate) fn edit(&self, file: &str, edit: impl FnOnce(String) -> String) {
        let file = self.nginx.directory().join("anilibria").join(file);
        let before = fs::read_to_string(&file).unwrap();
        let after = edit(before.clone());
        assert_ne!(before, after);
        fs::write(file, after).unwrap();
        self.nginx.reload();
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

/// `text` with all of `changes`; each of them has to change something, or the test would test something else.
fn replaced(text: String, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not there any more");
        text.replace(from, to)
    })
}
