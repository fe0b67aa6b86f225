//! Certificates that a server of one test shows to its clients.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::availability::{Service, find};

/// An authority, and a server's certificate that it signed: clients that check names accept no self-signed one.
const CONFIG: &str = "
[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
";

/// PEM files for a server of one test that listens at `127.0.0.1` and `localhost`.
#[derive(Debug)]
pub struct Certificates {
    /// The certificate of the authority that signed the server's.
    pub ca: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The key that belongs to it.
    pub key: PathBuf,
}

impl Certificates {
    /// Writes new certificates, valid for a day, to `directory`. `None`: see the crate page.
    ///
    /// # Panics
    ///
    /// If they cannot be made, or openssl is not installed but required.
    #[must_use = "without certificates there is nothing to test: return"]
    #[track_caller]
    pub fn make(directory: &Path) -> Option<Self> {
        let openssl = find(Service::Redis, &["openssl"])?;
        Some(Self::make_with(&openssl, directory).unwrap_or_else(|error| panic!("{error:#}")))
    }

    pub(super) fn make_with(openssl: &Path, directory: &Path) -> anyhow::Result<Self> {
        fs::write(directory.join("openssl.cnf"), CONFIG).context("cannot write openssl.cnf")?;
        let request = |arguments: &str| request(openssl, directory, arguments);
        request("-subj /CN=authority -extensions authority -keyout ca.key -out ca.pem")?;
        request(
            "-subj /CN=localhost -extensions server -CA ca.pem -CAkey ca.key -keyout server.key -out server.pem",
        )?;
        Ok(Self {
            ca: directory.join("ca.pem"),
            certificate: directory.join("server.pem"),
            key: directory.join("server.key"),
        })
    }
}

fn request(openssl: &Path, directory: &Path, arguments: &str) -> anyhow::Result<()> {
    let output = Command::new(openssl)
        .current_dir(directory)
        .args(["req", "-x509", "-config", "openssl.cnf", "-days", "1", "-nodes"])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(arguments.split(' '))
        .output()
        .context("cannot run openssl")?;
    ensure!(
        output.status.success(),
        "openssl req {arguments}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
