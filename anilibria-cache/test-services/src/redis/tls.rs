//! TLS certificates for a server of one test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::availability::{Service, find};

/// Configuration of an authority and of a server certificate that the authority signs. Clients that check names reject
/// self-signed certificates.
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

/// PEM files for a server that listens on `127.0.0.1` and `localhost`.
#[derive(Debug)]
pub struct Certificates {
    /// Certificate of the authority that signed `certificate`.
    pub ca: PathBuf,
    /// Certificate of the server.
    pub certificate: PathBuf,
    /// Private key of `certificate`.
    pub key: PathBuf,
}

impl Certificates {
    /// Writes new certificates, valid for a day, to `directory`. `None` if openssl is not installed, see the crate page.
    ///
    /// # Panics
    ///
    /// If openssl fails, or if it is required but not installed.
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
